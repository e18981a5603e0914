using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Storage;

namespace Wallets.Grains;

/// <summary>Where grain state is kept: an ADO.NET provider that Orleans knows by its invariant, and the database.</summary>
public sealed record StateStorage(string Invariant, string ConnectionString)
{
    public static StateStorage Postgres(string connectionString) => new("Npgsql", connectionString);

    /// <summary>The invariant is historic; Orleans loads Microsoft.Data.Sqlite for it. Unpooled, so that no failed write leaves a transaction open.</summary>
    public static StateStorage Sqlite(string file) => new("System.Data.SQLite", $"Data Source={file};Pooling=False");
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
