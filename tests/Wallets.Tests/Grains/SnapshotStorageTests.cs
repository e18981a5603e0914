using System.Reflection;
using Npgsql;
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
        var state = (await databases.Create(Engine.Postgres)).State;

        Assert.Equal("on", await SynchronousCommit(state.ConnectionString));
        Assert.Equal("off", await SynchronousCommit(state.OfSnapshots.ConnectionString));
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
