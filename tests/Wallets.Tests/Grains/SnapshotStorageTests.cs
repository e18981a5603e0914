using System.Reflection;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using Orleans.Providers;
using Wallets.Grains.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What storage answers before it is on disk is only what the ledger can tell again.</summary>
public sealed class SnapshotStorageTests(Databases databases)
{
    [Fact]
    public async Task Only_the_storage_of_snapshots_answers_before_it_is_on_disk()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 1);
        var storages = cluster.Service<IOptionsMonitor<AdoNetGrainStorageOptions>>();

        Assert.Equal("on", await SynchronousCommit(storages.Get(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME).ConnectionString!));
        Assert.Equal("off", await SynchronousCommit(storages.Get(AccountSnapshot.Storage).ConnectionString!));
    }

    [Fact]
    public void Only_snapshots_of_accounts_are_kept_in_it()
    {
        var kept = typeof(AccountSnapshot).Assembly.GetTypes()
            .SelectMany(type => type.GetConstructors())
            .SelectMany(constructor => constructor.GetParameters())
            .Where(parameter => parameter.GetCustomAttribute<PersistentStateAttribute>()?.StorageName == AccountSnapshot.Storage)
            .Select(parameter => parameter.ParameterType)
            .ToList();

        Assert.Equal([typeof(IPersistentState<AccountSnapshot>), typeof(IPersistentState<AccountSnapshot>)], kept);
    }

    private static async Task<string> SynchronousCommit(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("SHOW synchronous_commit");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
