using Npgsql;
using NpgsqlTypes;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>The usual ledger in a database: one call of a stored procedure per gift, prepared, on as many connections as there are callers.</summary>
internal sealed class StoredProcedure : IContender
{
    private const int MostConnections = 128;
    private readonly SqlLedger _ledger = new();
    private NpgsqlDataSource? _source;
    private Population? _population;

    public string Name => Names.StoredProcedure;
    public string Description => "stored procedure, one call per gift, 32 and 128 connections";
    public int GiftsPerSend => 1;
    public IReadOnlyList<int> Levels => [32, MostConnections];
    public PostgresServer Postgres => _ledger.Postgres;
    public IReadOnlyDictionary<string, int> Pids { get; } = new Dictionary<string, int>();

    public async Task Prepare(Population population)
    {
        _population = population;
        await _ledger.Start(population);
        _source = _ledger.Connect(MostConnections);
    }

    public async Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        var gift = gifts.Span[0];
        await using var connection = await _source!.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("SELECT send_gift($1, $2, $3, $4, $5)", connection)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = gift.Key, NpgsqlDbType = NpgsqlDbType.Uuid },
                new NpgsqlParameter<long> { TypedValue = gift.Wallet },
                new NpgsqlParameter<long> { TypedValue = _population!.Wallets + gift.Creator },
                new NpgsqlParameter<long> { TypedValue = DrawnGift.Coins },
                new NpgsqlParameter<long> { TypedValue = DrawnGift.Diamonds },
            },
        };
        if (await command.ExecuteScalarAsync() is not true) throw new InvalidOperationException("A gift was not taken.");
    }

    public Task Settle() => Task.CompletedTask;   // both sides commit together

    public async ValueTask DisposeAsync()
    {
        if (_source is not null) await _source.DisposeAsync();
        await _ledger.DisposeAsync();
    }
}
