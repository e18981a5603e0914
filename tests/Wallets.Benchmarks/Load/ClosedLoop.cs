using System.Diagnostics;
using Wallets.Benchmarks.Contenders;

namespace Wallets.Benchmarks.Load;

/// <summary>A fixed number of callers, each of which sends its next gift as soon as the last one is acknowledged: finds the peak.</summary>
internal static class ClosedLoop
{
    private const int WindowsOfWarmUp = 4;
    private const int LongestWarmUps = 4;
    private const double Faster = 1.05;   // less is noise

    /// <summary>How long a load waits for answers after its last send, and then ends the run: a contender that hangs would hang it.</summary>
    public static readonly TimeSpan UntilAnswered = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Sends for as long as is said, and then until a quarter of that time was no faster than the best before it, at most four times as
    /// long: servers compile what they run often, and a machine that others share takes its time over that.
    /// </summary>
    public static async Task WarmUp(ISender sender, Population population, int callers, TimeSpan atLeast)
    {
        var best = 0L;
        for (var window = 1; window <= WindowsOfWarmUp * LongestWarmUps; window++)
        {
            var sent = (await Run(sender, population, Distribution.Uniform, callers, atLeast / WindowsOfWarmUp)).Gifts;
            if (window >= WindowsOfWarmUp && sent < best * Faster) return;
            best = Math.Max(best, sent);
        }
    }

    public static async Task<Tally> Run(ISender sender, Population population, Distribution distribution, int callers, TimeSpan duration, Action<DrawnGift>? sent = null)
    {
        var tally = new Tally();
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var source = new GiftSource(population, distribution, seed: caller);
            var gifts = new DrawnGift[sender.GiftsPerSend];
            while (Stopwatch.GetElapsedTime(startedAt) < duration)
            {
                source.Fill(gifts);
                var sentAt = Stopwatch.GetTimestamp();
                try
                {
                    await sender.Send(gifts);
                    tally.Sent(gifts.Length, sentAt);
                    sent?.Invoke(gifts[0]);
                }
                catch (Exception fault)
                {
                    tally.Failed(gifts.Length, fault);   // counted and reported; the load goes on
                }
            }
        }))).WaitAsync(duration + UntilAnswered);
        return tally;
    }
}
