using System.Collections.Concurrent;
using System.Diagnostics;
using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// One stream, 5,000 gifts a second, watched through one gateway by nobody and then by more and more real connections: what do viewers
/// get, and what do they cost the gifts? First the open loop at that rate, then the peak of a closed one, in turns with the peak of another stream, which
/// nobody watches, while the gateway stands still: readings minutes apart differ by more than viewers cost. A frame's delay counts from
/// the moment at which the last gift that its totals count was acknowledged until it has come to the viewer. Gateway and viewers
/// get only what processor time all else leaves, as they would be on other machines: what they cost the gifts is then their share of the silo's and
/// the database's work, and what frames come is what two cores have left.
/// </summary>
internal static class Hub
{
    private const double GiftsPerSecond = 5_000;
    private const int Callers = 512;
    private const int Watched = 0, Unwatched = 1;   // creators
    private const int Pairs = 15;
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(8);   // the hub gives up a viewer of whom it hears nothing for thirty
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);

    public static async Task Run(Plan plan, Results results)
    {
        if (plan.HubConnections.Count == 0) return;
        AnsiConsole.MarkupLineInterpolated($"[bold]hub[/]: one stream, {GiftsPerSecond:N0} gifts/s, and those who watch it");
        await using var sessions = SessionGroups.Off();
        await using var ours = new OursByGrains(silos: 1, gateways: 1);
        await ours.Prepare(plan.Population);
        await ours.Postgres.AgeLog();
        await ClosedLoop.Run(ours, plan.Population, Distribution.Hot, Callers, plan.WarmUp);
        await ours.Settle();

        var elsewhere = 0L;   // gifts into the stream that nobody watches
        foreach (var connections in plan.HubConnections)
        {
            await using var watchers = connections == 0 ? null : await Watchers.Start(ours.GatewayUrl, ours.StreamOf(Watched), connections);
            await OpenLoop.Run(ours, plan.Population, Distribution.Hot, GiftsPerSecond, WarmUp);
            if (watchers is not null) await watchers.StepBack(ours.Pids["gateway1"]);
            await ours.Settle();

            var acknowledged = new ConcurrentQueue<long>();
            var piecesBefore = ours.Acknowledged - elsewhere;
            var from = Stopwatch.GetTimestamp();
            var load = await Gauge.Measure(ours, Distribution.Hot, $"open, {connections:N0} watch", 0,
                () => OpenLoop.Run(new Noting(ours, acknowledged), plan.Population, Distribution.Hot, GiftsPerSecond, plan.Window));
            var (frames, bytes, lost) = watchers?.Between(from, Stopwatch.GetTimestamp(), connections) ?? default;
            var delays = Delays(watchers, [.. acknowledged], piecesBefore);
            var (peaks, unwatched) = await Peaks(ours, plan, watchers, connections);
            elsewhere += unwatched;
            var giftPath = load.CpuSecondsPer10K["silo1"] + load.CpuSecondsPer10K[Gauge.Database];
            results.Hub.Add(new(connections, load.GiftsPerSecond, load.LatencyMs, giftPath, load.CpuSecondsPer10K["gateway1"], frames, bytes, lost, delays, peaks));
            Tables.Show(results.Hub[^1]);
        }
    }

    private static async Task<(HubPeaks Peaks, long Unwatched)> Peaks(OursByGrains ours, Plan plan, Watchers? watchers, int connections)
    {
        var (unwatched, watched) = (new Sum(), new Sum());
        var (frames, lost) = (0.0, 0);
        var window = plan.Window < LongestStandstill ? plan.Window : LongestStandstill;
        Task<Measurement> Take(int creator) => Gauge.Measure(ours, Distribution.Hot, Measurement.Closed, Callers,
            () => ClosedLoop.Run(new To(ours, creator), plan.Population, Distribution.Hot, Callers, window));
        async Task TakeUnwatched() => unwatched.Add(await Take(Unwatched));
        async Task TakeWatched()
        {
            var from = Stopwatch.GetTimestamp();
            watched.Add(await Take(Watched));
            var seen = watchers!.Between(from, Stopwatch.GetTimestamp(), connections);
            (frames, lost) = (frames + seen.FramesPerSecond / Pairs, seen.Lost);
        }

        if (watchers is null) await TakeUnwatched();
        for (var pair = 0; pair < Pairs && watchers is not null; pair++)
        {
            if (pair % 2 == 0) await TakeWatched();   // each goes first in turn
            await Signal(ours.Pids["gateway1"], "STOP");
            await TakeUnwatched();
            await Signal(ours.Pids["gateway1"], "CONT");
            if (pair % 2 == 1) await TakeWatched();
        }
        if (lost > 0) throw new InvalidOperationException($"{lost} viewers lost their connection, so what {connections} cost is not known.");
        return (new(unwatched.GiftsPerSecond, watchers is null ? null : watched.GiftsPerSecond, frames), unwatched.Gifts);
    }

    private static Task Signal(int pid, string signal) => Tests.Shared.Shell.Run("sh", "-c", $"kill -{signal} {pid}");

    /// <summary>Pieces are gifts here: each is one rose. The n-th acknowledged gift need not be the n-th that is counted, but there are as many.</summary>
    private static Latency Delays(Watchers? watchers, long[] acknowledged, long before)
    {
        var tally = new HdrHistogram.LongHistogram(1, 120_000_000, 3);
        foreach (var (at, pieces) in watchers?.Seen ?? [])
        {
            var nth = pieces - before;
            if (nth < 1 || nth > acknowledged.Length) continue;
            tally.RecordValue(Math.Clamp((long)Stopwatch.GetElapsedTime(acknowledged[nth - 1], at).TotalMicroseconds, 1, 120_000_000));
        }
        double Milliseconds(double percentile) => tally.TotalCount == 0 ? 0 : tally.GetValueAtPercentile(percentile) / 1000.0;
        return new(Milliseconds(50), Milliseconds(99), Milliseconds(99.9), Milliseconds(100));
    }

    private sealed class Sum
    {
        private double _seconds;

        public long Gifts { get; private set; }
        public double GiftsPerSecond => Gifts / _seconds;

        public void Add(Measurement one) => (Gifts, _seconds) = (Gifts + one.Gifts, _seconds + one.Seconds);
    }

    /// <summary>Sends every gift to one creator.</summary>
    private sealed class To(OursByGrains ours, int creator) : ISender
    {
        public int GiftsPerSend => 1;

        public Task Send(ReadOnlyMemory<DrawnGift> gifts) => ours.Send(new[] { gifts.Span[0] with { Creator = creator } });
    }

    /// <summary>Notes when each gift was acknowledged, in that order.</summary>
    private sealed class Noting(OursByGrains ours, ConcurrentQueue<long> acknowledged) : ISender
    {
        public int GiftsPerSend => 1;

        public async Task Send(ReadOnlyMemory<DrawnGift> gifts)
        {
            await ours.Send(gifts);
            acknowledged.Enqueue(Stopwatch.GetTimestamp());
        }
    }
}
