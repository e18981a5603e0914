using Orleans.Concurrency;
using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Recognition;

/// <summary>Counts gifts for recognition. One for the cluster; called twice a second.</summary>
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
/// falls behind before it slows a gift. Its windows are as large as the database counts in some tens of milliseconds now: a larger one would
/// take a processor from the gifts for seconds. All that it knows stands in the database, so it may die anywhere.
/// </summary>
internal sealed class RecognitionRounds(ILedger ledger, TimeProvider time) : Grain, IRecognitionRounds
{
    private const int RestsPerWork = 9;
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(400);   // less than it is called in
    private static readonly TimeSpan LongestWork = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WindowTakes = TimeSpan.FromMilliseconds(40);
    private const int SmallestWindow = 100;
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromHours(1);

    private readonly RecognitionCount _count = new(ledger);
    private DateTimeOffset _restsUntil;
    private DateTimeOffset _forgotAt;
    private DateTimeOffset _asOf;
    private int _window = 500;

    /// <summary>On SQLite flushes wait for a window, however idle the machine was when the last ones were counted.</summary>
    private int LargestWindow => ledger.Writers == 1 ? 2_000 : 20_000;

    public async Task Run()
    {
        if (time.GetUtcNow() < _restsUntil) return;
        var startedAt = time.GetTimestamp();
        RecognitionProgress progress;
        do
        {
            var windowStartedAt = time.GetTimestamp();
            progress = await _count.Advance(_window);
            _asOf = progress.Through;
            if (progress.IsBehind) _window = Resized(_window, time.GetElapsedTime(windowStartedAt));
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

    /// <summary>The size of the next window, by what this one took; never more than twice it, as one measurement may be luck.</summary>
    private int Resized(int window, TimeSpan took) =>
        (int)Math.Clamp(window * Math.Min(2, WindowTakes / took), SmallestWindow, LargestWindow);

    public Task<DateTimeOffset> GetAsOf() => Task.FromResult(_asOf);

    public Task Rebuild() => _count.Rebuild();
}
