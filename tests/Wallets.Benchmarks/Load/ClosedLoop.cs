using System.Diagnostics;
using Wallets.Benchmarks.Contenders;

namespace Wallets.Benchmarks.Load;

/// <summary>A fixed number of callers, each of which sends its next gift as soon as the last one is acknowledged: finds the peak.</summary>
internal static class ClosedLoop
{
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
        })));
        return tally;
    }
}
