using Npgsql;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>
/// What the database could take if nothing else had to be done: the rows that a gift leaves in our ledger, a debit and a credit, into
/// the same table with the same indexes by binary COPY, in batches as large as our writers' largest, by as many writers as one silo
/// has. No keys are looked up, no balances known, no credits relayed: not a contender, a limit.
/// </summary>
internal sealed class CopyLimit : IContender
{
    private const int Writers = 2;
    private WalletsCluster? _cluster;
    private NpgsqlDataSource? _source;
    private Population? _population;
    private long[] _seqs = [];

    public string Name => Names.CopyLimit;
    public string Description => $"the limit: binary COPY of the same rows, {Writers} writers, nothing else";
    public int GiftsPerSend => 2_048;   // 4,096 rows
    public IReadOnlyList<int> Levels => [Writers];
    public PostgresServer Postgres => _cluster!.Postgres;
    public IReadOnlyDictionary<string, int> Pids { get; } = new Dictionary<string, int>();

    public async Task Prepare(Population population)
    {
        _population = population;
        _cluster = await WalletsCluster.Start(silos: 0, gateways: 0);
        await new OurLedger(Postgres, population).Seed();
        _seqs = new long[population.Wallets + population.Creators];
        Array.Fill(_seqs, 1, 0, population.Wallets);
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { MaxPoolSize = Writers, NoResetOnClose = true, CommandTimeout = 60 });
    }

    public async Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        await using var connection = await _source!.OpenConnectionAsync();
        await using var rows = await connection.BeginBinaryImportAsync(OurLedger.CopyEntries);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        for (var i = 0; i < gifts.Length; i++)
        {
            var gift = gifts.Span[i];
            var creator = _population!.Wallets + gift.Creator;
            OurLedger.WriteGift(rows, gift.Key, gift.Wallet + 1, Interlocked.Increment(ref _seqs[gift.Wallet]), creator + 1, Interlocked.Increment(ref _seqs[creator]), now);
        }
        await rows.CompleteAsync();
    }

    public Task Settle() => Task.CompletedTask;   // both rows commit together

    public async ValueTask DisposeAsync()
    {
        if (_source is not null) await _source.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
