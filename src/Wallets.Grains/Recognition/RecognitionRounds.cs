using Orleans.Concurrency;
using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Recognition;

/// <summary>Counts gifts for recognition. One for the cluster; called every second.</summary>
[Alias("recognition-rounds")]
internal interface IRecognitionRounds : IGrainWithStringKey
{
    const string Key = "recognition";

    [Alias("run")] Task Run();

    /// <summary>Up to when gifts are counted.</summary>
    [AlwaysInterleave, Alias("as-of")] Task<DateTimeOffset> GetAsOf();

    /// <summary>Empties what was counted, and counts from the first entry on.</summary>
    [Alias("rebuild")] Task Rebuild();
}

/// <summary>
/// Counts what is new, and then rests nine times as long as it took: recognition takes a tenth of one database connection at most, and
/// falls behind before it slows a gift. All that it knows stands in the database, so it may die anywhere.
/// </summary>
internal sealed class RecognitionRounds(ILedger ledger, TimeProvider time) : Grain, IRecognitionRounds
{
    private const int RestsPerWork = 9;
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan LongestWork = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromHours(1);

    private readonly RecognitionCount _count = new(ledger);
    private DateTimeOffset _restsUntil;
    private DateTimeOffset _forgotAt;
    private DateTimeOffset _asOf;

    /// <summary>As many as SQLite counts in some tens of milliseconds, for which its flushes wait.</summary>
    private int MostGifts => ledger.Writers == 1 ? 2_000 : 20_000;

    public async Task Run()
    {
        if (time.GetUtcNow() < _restsUntil) return;
        var startedAt = time.GetTimestamp();
        RecognitionProgress progress;
        do
        {
            progress = await _count.Advance(MostGifts);
            _asOf = progress.Through;
        }
        while (progress.IsBehind && time.GetElapsedTime(startedAt) < LongestWork);

        var now = time.GetUtcNow();
        if (now - _forgotAt > ForgetInterval)
        {
            await _count.Forget(now);
            _forgotAt = now;
        }
        var rest = time.GetElapsedTime(startedAt) * RestsPerWork;
        _restsUntil = now + (rest > ShortestRest ? rest : ShortestRest);
    }

    public Task<DateTimeOffset> GetAsOf() => Task.FromResult(_asOf);

    public Task Rebuild() => _count.Rebuild();
}
