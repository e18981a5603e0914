using Spectre.Console;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Report;

/// <summary>The results for people: throughput, latency, cost, the parts of ours alone, and last the ratios against their targets.</summary>
internal static class Tables
{
    private const double ForeignShareWorthSaying = 0.15;

    public static void Show(Measurement m)
    {
        var failures = (m.Failures == 0 ? "" : $", {m.Failures:N0} FAILED") + (m.ForeignCpuShare < ForeignShareWorthSaying ? "" : $", something else took {m.ForeignCpuShare:0 %} of the machine");
        AnsiConsole.MarkupLineInterpolated($"  {m.Distribution.ToString().ToLowerInvariant(),-8} {Load(m),-16} [bold]{m.GiftsPerSecond,9:N0}[/] gifts/s   p50 {m.LatencyMs.P50:0.0}  p99 {m.LatencyMs.P99:0.0}  p99.9 {m.LatencyMs.P999:0.0} ms   {m.CpuSecondsPer10K.Values.Sum():0.00} CPU s per 10,000{failures}");
    }

    public static void Show(HubPoint h) => AnsiConsole.MarkupLineInterpolated(
        $"  {h.Connections,6:N0} watch: {h.GiftsPerSecond:N0} gifts/s, p99 {h.LatencyMs.P99:0.0} ms, silo and database {h.GiftCpuSecondsPer10K:0.00}, gateway {h.GatewayCpuSecondsPer10K:0.00} CPU s per 10,000; {h.FramesPerSecond:0.0} frames/s of {h.FrameBytes:N0} B each, delay p50 {h.DelayMs.P50:0} p99 {h.DelayMs.P99:0} ms, {h.Lost} lost; peak {h.Peaks.Unwatched:N0} gifts/s unwatched{(h.Peaks.Watched is { } watched ? $", {watched:N0} watched ({h.Peaks.FramesPerSecond:0.00} frames/s)" : "")}");

    public static void Show(Results results)
    {
        AnsiConsole.MarkupLineInterpolated($"\n{results.Plan} run of commit {results.Commit}\n{results.Machine}\n{results.Database}\ndisk alone: a small write is on it after p50 {results.DiskFlushMs.P50:0.0}, p99 {results.DiskFlushMs.P99:0.0}, at most {results.DiskFlushMs.Max:0.0} ms");
        if (results.Measurements.Count > 0)
        {
            ShowThroughput(results);
            ShowLatency(results);
            ShowCost(results);
        }
        ShowParts(results);
        ShowTargets(results);
    }

    private static string Load(Measurement m) => m.Callers == 0 ? m.Load : $"{m.Callers} at once";

    private static void ShowThroughput(Results results)
    {
        var table = new Table().Title("Peak, gifts per second").AddColumns("Contender", "uniform", "zipf 1.0", "one hot creator", "at once");
        foreach (var (name, description) in results.Contenders)
        {
            string Cell(Distribution distribution) => results.Peak(name, distribution) is { } peak ? $"{peak.GiftsPerSecond:N0}" : "";
            table.AddRow(Markup.Escape($"{name}: {description}"), Cell(Distribution.Uniform), Cell(Distribution.Zipf), Cell(Distribution.Hot), $"{results.Peak(name, Distribution.Uniform)?.Callers}");
        }
        AnsiConsole.Write(table);
    }

    private static void ShowLatency(Results results)
    {
        var table = new Table().Title("Latency in open loops, from the intended time, ms").AddColumns("Contender", "load", "gifts/s", "p50", "p99", "p99.9", "failed");
        foreach (var m in results.Measurements.Where(m => m.Load != Measurement.Closed))
            table.AddRow(m.Contender, m.Load, $"{m.GiftsPerSecond:N0}", $"{m.LatencyMs.P50:0.0}", $"{m.LatencyMs.P99:0.0}", $"{m.LatencyMs.P999:0.0}", $"{m.Failures}");
        AnsiConsole.Write(table);
    }

    private static void ShowCost(Results results)
    {
        var table = new Table().Title("Cost at the uniform peak").AddColumns("Contender", "CPU s per 10,000 gifts, by process", "table B/gift", "WAL B/gift", "failed");
        foreach (var name in results.Contenders.Keys)
        {
            if (results.Peak(name, Distribution.Uniform) is not { } m) continue;
            table.AddRow(name, string.Join("  ", m.CpuSecondsPer10K.Select(cost => $"{cost.Key} {cost.Value:0.00}")), $"{m.TableBytesPerGift:N0}", $"{m.WalBytesPerGift:N0}", $"{m.Failures}");
        }
        AnsiConsole.Write(table);
    }

    private static void ShowParts(Results results)
    {
        foreach (var g in results.Growth)
            AnsiConsole.MarkupLineInterpolated($"{g.MillionEntries,5} million entries there: {g.GiftsPerSecond,8:N0} gifts/s, p99 {g.P99Ms:0.0} ms, {g.WalBytesPerGift:N0} WAL B/gift, {g.DatabaseCpuSecondsPer10K:0.00} database CPU s per 10,000");
        foreach (var m in results.Memory)
            AnsiConsole.MarkupLineInterpolated($"{m.Activations:N0} active wallets: {m.HeapBytesPerWallet:N0} B of heap each, {m.ResidentBytesPerWallet:N0} B resident");
        foreach (var c in results.Cold)
            AnsiConsole.MarkupLineInterpolated($"cold activation, {c.State}: p50 {c.LatencyMs.P50:0.0}, p99 {c.LatencyMs.P99:0.0} ms{(c.SnapshotReads is null ? "" : $"; {c.SnapshotReads:0.0} reads of state and {c.TailReads:0.0} of entries each")}");
        foreach (var h in results.Hub) Show(h);
        if (results.Replays is { } r)
            AnsiConsole.MarkupLineInterpolated($"replays: {r.Without:N0} gifts/s without, {r.With:N0} with {r.ReplaysPerSecond:N0} replays/s (their p99 {r.ReplayP99Ms:0.0} ms, {r.ReplayFailures} failed)");
    }

    private static void ShowTargets(Results results)
    {
        var table = new Table().Title("Ratios and targets").AddColumns("Figure", "Measured", "Target", "");
        foreach (var target in Targets.Of(results))
            table.AddRow(Markup.Escape(target.Figure), target.MeasuredText, target.GoalText, target.IsMet switch { true => "[green]met[/]", false => "[red]missed[/]", null => "" });
        AnsiConsole.Write(table);
    }
}
