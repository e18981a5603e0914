using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Storage;

namespace Wallets.Grains;

/// <summary>Where grain state is kept: an ADO.NET provider that Orleans knows by its invariant, and the database.</summary>
public sealed record StateStorage(string Invariant, string ConnectionString)
{
    internal const string PostgresInvariant = "Npgsql";

    /// <summary>Its few queries are prepared, not parsed each time, and in a rush they wait for one another instead of taking the server's last connections.</summary>
    public static StateStorage Postgres(string connectionString) =>
        new(PostgresInvariant, new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true, MaxAutoPrepare = 32, AutoPrepareMinUsages = 2, MaxPoolSize = 16, Timeout = 5 }.ConnectionString);

    /// <summary>The invariant is historic; Orleans loads Microsoft.Data.Sqlite for it. Unpooled, so that no failed write leaves a transaction open.</summary>
    public static StateStorage Sqlite(string file) => new("System.Data.SQLite", $"Data Source={file};Pooling=False");

    /// <summary>
    /// The same, for what can be made anew from the ledger: PostgreSQL answers before it is on disk. A crash of the database may take the latest snapshots.
    /// One that survives holds no entry that was lost: entries come before it in the same log.
    /// </summary>
    internal StateStorage OfSnapshots => Invariant == PostgresInvariant
        ? this with { ConnectionString = new NpgsqlConnectionStringBuilder(ConnectionString) { Options = "-c synchronous_commit=off", MaxPoolSize = 8 }.ConnectionString }
        : this;
}

/// <summary>Grain state as JSON, which people can read in the database and which survives renamed types.</summary>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));
    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input)!;
}

/// <summary>
/// Keeps the rows of different grains apart. The provider reads every string key as a number if it can, in hexadecimal: to it the
/// users "cafe", "CAFE" and "0cafe" are one. So the hash that finds a row covers the exact key as well. Never change it: rows
/// are found by it.
/// </summary>
internal sealed class ExactKeyHasher : IStorageHasherPicker
{
    public ICollection<IHasher> HashProviders { get; } = [];

    public IHasher PickHasher<T>(string serviceId, string storageProviderInstanceName, string grainType, GrainId grainId, IGrainState<T> grainState, string? tag = null) =>
        new OfGrain(grainId);

    private sealed class OfGrain(GrainId grainId) : IHasher
    {
        public string Description => "The first four bytes of SHA-256 over the data and the grain's exact key";

        public int Hash(byte[] data) => BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData([.. data, 0, .. Encoding.UTF8.GetBytes(grainId.Key.ToString()!)]));
    }
}

/// <summary>
/// The storage, but a read that the database does not answer is <see cref="UnavailableException"/>, which a caller knows and may retry. It
/// happens when a grain is activated, before any filter sees the call, and the database's own exception does not travel.
/// </summary>
internal sealed class StorageThatSaysUnavailable(IGrainStorage storage) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Puts itself in front of the storage of that name.</summary>
    public static void AddTo(IServiceCollection services, string name)
    {
        var stock = services.Last(service => service.ServiceType == typeof(IGrainStorage) && Equals(service.ServiceKey, name));
        services.Remove(stock);
        services.AddKeyedSingleton<IGrainStorage>(stock.ServiceKey, (provider, key) => new StorageThatSaysUnavailable((IGrainStorage)stock.KeyedImplementationFactory!(provider, key)));
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await storage.ReadStateAsync(stateName, grainId, grainState);
        }
        catch (DbException)
        {
            throw new UnavailableException("The database does not answer.");
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.WriteStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ClearStateAsync(stateName, grainId, grainState);

    public void Participate(ISiloLifecycle observer) => ((ILifecycleParticipant<ISiloLifecycle>)storage).Participate(observer);
}
