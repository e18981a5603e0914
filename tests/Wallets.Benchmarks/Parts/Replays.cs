using System.Collections.Concurrent;
using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// Closed-loop callers with fresh keys, first alone, then beside callers who repeat keys used minutes ago at a tenth of that rate.
/// What the first ones lose is what the second ones cost them.
/// </summary>
internal static class Replays
{
    private const int Callers = 512;
    private const double Share = 0.1;
    private const int MostKeys = 100_000;

    public static async Task Run(Plan plan, Results results)
    {
        if (plan.ComparedRounds == 0) return;
        AnsiConsole.MarkupLine("[bold]replays[/]: old keys again, at a tenth of the load");
        await using var ours = new OursByGrains(silos: 1);
        await ours.Prepare(plan.Population);
        await ours.Postgres.AgeLog();
        var old = new ConcurrentQueue<DrawnGift>();
        await Fresh(gift => { if (old.Count < MostKeys) old.Enqueue(gift); }, plan.WarmUp);
        var keys = old.ToArray();

        var (without, with, replays) = (new List<double>(), new List<double>(), new Tally());
        for (var round = 0; round < plan.ComparedRounds; round++)
        {
            var alone = await Gauge.Measure(ours, Distribution.Uniform, Measurement.Closed, Callers, () => Fresh(null, plan.Window));
            Tables.Show(alone);
            without.Add(alone.GiftsPerSecond);
            var beside = await Gauge.Measure(ours, Distribution.Uniform, Measurement.Closed, Callers, async () =>
            {
                var repeating = OpenLoop.Run(new Replayer(ours), alone.GiftsPerSecond * Share, plan.Window, gifts => gifts[0] = keys[Random.Shared.Next(keys.Length)]);
                var fresh = await Fresh(null, plan.Window);
                replays = await repeating;
                return fresh;
            });
            Tables.Show(beside);
            with.Add(beside.GiftsPerSecond);
        }
        results.Replays = new(without.Average(), with.Average(), replays.Gifts / plan.Window.TotalSeconds, replays.Failures, replays.Latency().P99);

        Task<Tally> Fresh(Action<DrawnGift>? sent, TimeSpan duration) => ClosedLoop.Run(ours, plan.Population, Distribution.Uniform, Callers, duration, sent);
    }

    /// <summary>Ours as seen by callers who repeat keys.</summary>
    private sealed class Replayer(OursByGrains ours) : ISender
    {
        public int GiftsPerSend => 1;
        public Task Send(ReadOnlyMemory<DrawnGift> gifts) => ours.Replay(gifts.Span[0]);
    }
}
