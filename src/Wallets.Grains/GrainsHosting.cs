using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Storage;
using Wallets.Grains.Publishing;
using Wallets.Grains.Settlement;
using Wallets.Grains.Streams;
using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>Where grain state is kept: an ADO.NET provider that Orleans knows by its invariant, and the database.</summary>
public sealed record StateStorage(string Invariant, string ConnectionString)
{
    public static StateStorage Postgres(string connectionString) => new("Npgsql", connectionString);

    /// <summary>The invariant is historic; Orleans loads Microsoft.Data.Sqlite for it. Unpooled, so that no failed write leaves a transaction open.</summary>
    public static StateStorage Sqlite(string file) => new("System.Data.SQLite", $"Data Source={file};Pooling=False");
}

public static class GrainsHosting
{
    /// <summary>
    /// Adds everything a silo of wallets needs but its clustering. The engine must be migrated. <paramref name="createLedger"/> is asked once.
    /// </summary>
    public static ISiloBuilder AddWalletsGrains(this ISiloBuilder silo, Func<IServiceProvider, ILedger> createLedger, StateStorage state)
    {
        silo.AddAdoNetGrainStorageAsDefault(storage =>
        {
            storage.Invariant = state.Invariant;
            storage.ConnectionString = state.ConnectionString;
            storage.GrainStorageSerializer = new JsonStateSerializer();
        });
        silo.AddIncomingGrainCallFilter<FaultFilter>();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddMetrics();
        silo.Services.AddSingleton(createLedger);
        silo.Services.TryAddSingleton<LedgerWriterOptions>();
        silo.Services.AddSingleton<LedgerMetrics>();
        silo.Services.AddSingleton<LedgerWriter>();
        silo.Services.AddSingleton<GiftMetrics>();
        silo.Services.AddSingleton<Published>();
        silo.Services.AddSingleton<LiveStreams>();
        silo.Services.AddSingleton<Relay>();
        silo.Services.AddHostedService(services => services.GetRequiredService<Relay>());
        silo.Services.AddHostedService<SettlementClock>();
        return silo;
    }

    /// <summary>Grain state as JSON, which people can read in the database and which survives renamed types.</summary>
    private sealed class JsonStateSerializer : IGrainStorageSerializer
    {
        public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));
        public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input)!;
    }
}
