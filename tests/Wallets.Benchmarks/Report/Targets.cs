using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Report;

/// <summary>A figure that was promised, and what was measured; null if this run did not.</summary>
/// <param name="Key">Its name among the ratios of the JSON report; null if it is none of them.</param>
internal sealed record Target(string Figure, string? Key, double? Measured, double Goal, bool IsAtLeast, string Unit)
{
    public bool? IsMet => Measured is { } measured ? (IsAtLeast ? measured >= Goal : measured <= Goal) : null;

    /// <summary>What is reached of a goal that is not; a smoke run compares with that.</summary>
    public double? Reached { get; init; }

    /// <summary>Too far off to be the noise of a small machine.</summary>
    public bool IsBelowHalf => Key is not null && Measured < (Reached ?? Goal) / 2;

    public string MeasuredText => Measured is { } measured ? $"{measured:0.##}{Unit}" : "not measured";
    public string GoalText => $"{(IsAtLeast ? "at least" : "at most")} {Goal:0.##}{Unit}";
}

/// <summary>The figures that matter, as ratios of measurements of the same run.</summary>
internal static class Targets
{
    private const double BytesPerKb = 1_000;

    public static IReadOnlyList<Target> Of(Results results)
    {
        double? Peak(string contender, Distribution distribution) => results.Peak(contender, distribution)?.GiftsPerSecond;
        var (uniform, hot) = (Peak(Names.Ours, Distribution.Uniform), Peak(Names.Ours, Distribution.Hot));
        return
        [
            Ratio("uniform, ours ÷ stored procedure", "uniform_vs_stored_procedure", uniform / Peak(Names.StoredProcedure, Distribution.Uniform), 3.5, reached: 2),
            Ratio("hot creator, ours ÷ stored procedure", "hot_vs_stored_procedure", hot / Peak(Names.StoredProcedure, Distribution.Hot), 20, reached: 12),
            Ratio("uniform, ours ÷ stock AdoNet state", "uniform_vs_adonet", uniform / Peak(Names.AdoNetState, Distribution.Uniform), 12, reached: 5),
            Ratio("uniform, ours ÷ Orleans transactions", "uniform_vs_transactions", uniform / Peak(Names.Transactions, Distribution.Uniform), 50, reached: 25),
            Ratio("uniform, ours ÷ raw COPY limit", "uniform_vs_copy_limit", uniform / Peak(Names.CopyLimit, Distribution.Uniform), 0.5, reached: 0.2),
            Ratio("hot creator ÷ uniform, ours", "hot_vs_uniform", hot / uniform, 1),
            Ratio("HTTP ÷ grain calls", "http_vs_grain", Peak(Names.OursOverHttp, Distribution.Uniform) / uniform, 0.3),
            AtMost("p99 at 50 % of the peak, grain calls", results.AtShareOfPeak(Names.Ours, 0.5)?.LatencyMs.P99, 25, " ms"),
            new(GrowthFigure(results), null, results.Growth.Count > 1 ? results.Growth[^1].GiftsPerSecond / results.Growth[0].GiftsPerSecond : null, 0.85, IsAtLeast: true, ""),
            AtMost("memory per active wallet", results.Memory.Count > 0 ? results.Memory.Max(point => point.HeapBytesPerWallet) / BytesPerKb : null, 6, " KB"),
            AtMost("cold activation, 1,000 entries, p99", results.Cold.Count > 0 ? results.Cold[^1].LatencyMs.P99 : null, 15, " ms"),
            AtMost("cost to the others of 10 % replays", results.Replays is { } replays ? 100 * (1 - replays.With / replays.Without) : null, 10, " %"),
            AtMost($"cost to the gifts of {results.Hub.Select(hub => hub.Connections).DefaultIfEmpty(10_000).Max():N0} who watch, of the peak", CostOfWatching(results), 10, " %"),
        ];
    }

    private static double? CostOfWatching(Results results) =>
        results.Hub.MaxBy(hub => hub.Connections) is { Peaks: { Watched: { } watched, Unwatched: var unwatched } } ? 100 * (1 - watched / unwatched) : null;

    private static Target Ratio(string figure, string key, double? measured, double goal, double? reached = null) =>
        new(figure, key, measured, goal, IsAtLeast: true, "") { Reached = reached };
    private static Target AtMost(string figure, double? measured, double goal, string unit) => new(figure, null, measured, goal, IsAtLeast: false, unit);
    private static string GrowthFigure(Results results) => $"with {(results.Growth.Count > 0 ? results.Growth[^1].MillionEntries : 50)} million entries ÷ with none";
}
