using Npgsql;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>The same ledger with gifts batched by hand: a thousand per call, moved set by set. Its latency is that of a whole batch.</summary>
internal sealed class BatchedSql : IContender
{
    private const int MostConnections = 4;
    private readonly SqlLedger _ledger = new();
    private NpgsqlDataSource? _source;
    private Population? _population;

    public string Name => Names.BatchedSql;
    public string Description => "stored procedure, 1,000 gifts per call";
    public int GiftsPerSend => 1_000;
    public IReadOnlyList<int> Levels => [2, MostConnections];
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
        var (keys, wallets, creators) = (new Guid[gifts.Length], new long[gifts.Length], new long[gifts.Length]);
        var (coins, diamonds) = (new long[gifts.Length], new long[gifts.Length]);
        Array.Fill(coins, DrawnGift.Coins);
        Array.Fill(diamonds, DrawnGift.Diamonds);
        for (var i = 0; i < gifts.Length; i++)
        {
            var gift = gifts.Span[i];
            (keys[i], wallets[i], creators[i]) = (gift.Key, gift.Wallet, _population!.Wallets + gift.Creator);
        }
        await using var connection = await _source!.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("SELECT send_gifts($1, $2, $3, $4, $5)", connection)
        {
            Parameters = { new() { Value = keys }, new() { Value = wallets }, new() { Value = creators }, new() { Value = coins }, new() { Value = diamonds } },
        };
        if (await command.ExecuteScalarAsync() is not long added || added != gifts.Length) throw new InvalidOperationException("Gifts of a batch were not taken.");
    }

    public Task Settle() => Task.CompletedTask;   // both sides commit together

    public async ValueTask DisposeAsync()
    {
        if (_source is not null) await _source.DisposeAsync();
        await _ledger.DisposeAsync();
    }
}
