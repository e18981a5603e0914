namespace Wallets.Grains.Figures;

/// <summary>What one silo counted: appends and their latencies in the last second, the rest since it started or as of now.</summary>
/// <param name="Latency">Appends by duration, see <see cref="Latencies"/>.</param>
[GenerateSerializer, Immutable, Alias("silo-figures")]
internal sealed record SiloFigures(
    long[] Latency, long Fenced, long Overloaded, long FailedFlushes, long Gifts, long Queue, long RelayPending, long InFlight, double OldestInFlight, Dictionary<string, long> Refusals);

/// <summary>Durations counted in steps, each a fifth longer than the one before, so that those of several silos can be added up.</summary>
internal static class Latencies
{
    /// <summary>Upper bounds in seconds, from 100 µs to 42 s.</summary>
    private static readonly double[] Bounds = [.. Enumerable.Range(0, 72).Select(i => 0.0001 * Math.Pow(1.2, i))];

    public static int Steps => Bounds.Length;

    public static int StepOf(double seconds)
    {
        var at = Array.BinarySearch(Bounds, seconds);
        return Math.Min(at < 0 ? ~at : at, Bounds.Length - 1);
    }

    /// <summary>Seconds within which that share of all that was counted ended; 0 if nothing was counted.</summary>
    public static double Percentile(long[] counts, double share)
    {
        var wanted = (long)Math.Ceiling(counts.Sum() * share);
        if (wanted == 0) return 0;
        long seen = 0;
        for (var i = 0; i < counts.Length; i++)
            if ((seen += counts[i]) >= wanted) return Bounds[i];
        return Bounds[^1];
    }
}
