using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>Ours on a ledger that holds so many entries already, each time on a fresh cluster: what does a grown table cost?</summary>
internal static class Growth
{
    private const int Callers = 1_024;

    public static async Task Run(Plan plan, Results results)
    {
        AnsiConsole.MarkupLine("[bold]growth[/]: entries that are there already");
        foreach (var millions in plan.MillionEntries)
        {
            await using var ours = new OursByGrains(silos: 1, historyEntries: (long)(millions * 1_000_000));
            await ours.Prepare(plan.Population);
            await ours.Postgres.AgeLog();
            await ClosedLoop.Run(ours, plan.Population, Distribution.Uniform, Callers, plan.WarmUp);
            var m = await Gauge.Measure(ours, Distribution.Uniform, Measurement.Closed, Callers, () => ClosedLoop.Run(ours, plan.Population, Distribution.Uniform, Callers, plan.Window));
            AnsiConsole.MarkupLineInterpolated($"  {millions} million entries");
            Tables.Show(m);
            results.Growth.Add(new(millions, m.GiftsPerSecond, m.LatencyMs.P99, m.WalBytesPerGift, m.TableBytesPerGift, m.CpuSecondsPer10K[Gauge.Database]));
        }
    }
}
