using System.Diagnostics;
using Wallets.Benchmarks.Contenders;

namespace Wallets.Benchmarks.Load;

/// <summary>
/// Callers who do not wait for each other: sends begin at the times of a Poisson process, whatever has become of the earlier ones.
/// Latency counts from the time a send was meant to begin, so a stall is paid for by everyone who came during it.
/// </summary>
internal static class OpenLoop
{
    public static Task<Tally> Run(ISender sender, Population population, Distribution distribution, double giftsPerSecond, TimeSpan duration)
    {
        var source = new GiftSource(population, distribution, seed: 1_000_003);
        return Run(sender, giftsPerSecond, duration, source.Fill);
    }

    /// <param name="fill">Gives the gifts of the next send; called by one thread, which must not wait for long.</param>
    public static async Task<Tally> Run(ISender sender, double giftsPerSecond, TimeSpan duration, Action<Span<DrawnGift>> fill)
    {
        var tally = new Tally();
        var underWay = new UnderWay();
        await Task.Factory.StartNew(SendOnTime, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await underWay.AllEnded().WaitAsync(ClosedLoop.UntilAnswered);
        return tally;

        // On a thread of its own that sleeps by the kernel's clock: a timer of .NET goes by one that ticks every four milliseconds on many machines.
        void SendOnTime()
        {
            var random = new Random(7);
            var meanPause = sender.GiftsPerSend / giftsPerSecond * Stopwatch.Frequency;
            double dueAt = Stopwatch.GetTimestamp();
            var endsAt = dueAt + duration.TotalSeconds * Stopwatch.Frequency;
            while (dueAt < endsAt)
            {
                while (dueAt <= Stopwatch.GetTimestamp() && dueAt < endsAt)
                {
                    var gifts = new DrawnGift[sender.GiftsPerSend];
                    fill(gifts);
                    underWay.Begin();
                    _ = Send(sender, gifts, (long)dueAt, tally, underWay);   // never throws
                    dueAt -= Math.Log(1 - random.NextDouble()) * meanPause;
                }
#pragma warning disable RS0030 // not a wait for something: the clock of the load
                Thread.Sleep(1);
#pragma warning restore RS0030
            }
        }
    }

    private static async Task Send(ISender sender, DrawnGift[] gifts, long dueAt, Tally tally, UnderWay underWay)
    {
        try
        {
            await sender.Send(gifts);
            tally.Sent(gifts.Length, dueAt);
        }
        catch (Exception fault)
        {
            tally.Failed(gifts.Length, fault);   // counted and reported; the load goes on
        }
        underWay.End();
    }

    /// <summary>Counts sends, and keeps none: a list of all would make this program's collections longer, and its gifts wait for them.</summary>
    private sealed class UnderWay
    {
        private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _open = 1;   // the loop itself

        public void Begin() => Interlocked.Increment(ref _open);

        public void End()
        {
            if (Interlocked.Decrement(ref _open) == 0) _allEnded.SetResult();
        }

        public Task AllEnded()
        {
            End();
            return _allEnded.Task;
        }
    }
}
