using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// Ours on ledgers that hold so many entries already: what does a grown table cost? Each has a cluster of its own. They are measured in
/// turn, while the others rest, because a machine that others share does not give the same speed a quarter of an hour later.
/// </summary>
internal static class Growth
{
    private const int Callers = 1_024;

    public static async Task Run(Plan plan, Results results)
    {
        if (plan.ComparedRounds == 0) return;
        AnsiConsole.MarkupLine("[bold]growth[/]: entries that are there already");
        var ledgers = new List<(double MillionEntries, OursByGrains Ours, List<Measurement> Measured)>();
        try
        {
            foreach (var millions in plan.MillionEntries)
            {
                var ours = new OursByGrains(silos: 1, historyEntries: (long)(millions * 1_000_000));
                ledgers.Add((millions, ours, []));
                await ours.Prepare(plan.Population);
                await ours.Postgres.AgeLog();
            }
            foreach (var (_, ours, _) in ledgers) await ClosedLoop.WarmUp(ours, plan.Population, Callers, plan.WarmUp);
            for (var round = 0; round < plan.ComparedRounds; round++)
                foreach (var (millions, ours, measured) in ledgers)
                {
                    var m = await Gauge.Measure(ours, Distribution.Uniform, Measurement.Closed, Callers, () => ClosedLoop.Run(ours, plan.Population, Distribution.Uniform, Callers, plan.Window));
                    AnsiConsole.MarkupLineInterpolated($"  {millions} million entries");
                    Tables.Show(m);
                    measured.Add(m);
                }
        }
        finally
        {
            foreach (var (_, ours, _) in ledgers) await ours.DisposeAsync();
        }
        results.Growth.AddRange(ledgers.Select(ledger => new GrowthPoint(
            ledger.MillionEntries,
            ledger.Measured.Average(m => m.GiftsPerSecond),
            ledger.Measured.Average(m => m.LatencyMs.P99),
            ledger.Measured.Average(m => m.WalBytesPerGift),
            ledger.Measured.Average(m => m.TableBytesPerGift),
            ledger.Measured.Average(m => m.CpuSecondsPer10K[Gauge.Database]))));
    }
}
