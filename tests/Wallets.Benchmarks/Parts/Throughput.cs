using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// One contender: warm-up, closed loops of every distribution at rising concurrency for the peak, then open loops at shares of the
/// uniform peak for latency. It has the machine to itself meanwhile.
/// </summary>
internal static class Throughput
{
    public static async Task Run(string name, Plan plan, Results results)
    {
        await using var contender = Names.Create(name);
        AnsiConsole.MarkupLineInterpolated($"[bold]{name}[/]: {contender.Description}");
        await contender.Prepare(plan.Population);
        if (plan.AgesLog) await contender.Postgres.AgeLog();
        results.Database = await contender.Postgres.DescribeDurably();
        results.Contenders[name] = contender.Description;

        var levels = plan.LevelsOf(contender);
        await ClosedLoop.WarmUp(contender, plan.Population, levels[0], plan.WarmUp);
        foreach (var distribution in Enum.GetValues<Distribution>())
        {
            var isFirst = distribution == Distribution.Uniform;
            foreach (var callers in isFirst || plan.EveryLevelForAll ? levels : [results.Peak(name, Distribution.Uniform)!.Callers])
                Add(await Gauge.Measure(contender, distribution, Measurement.Closed, callers,
                    () => ClosedLoop.Run(contender, plan.Population, distribution, callers, plan.Window)));
        }

        var peak = results.Peak(name, Distribution.Uniform)!.GiftsPerSecond;
        foreach (var share in plan.LoadsOf(name))
            Add(await Gauge.Measure(contender, Distribution.Uniform, Measurement.Open(share), callers: 0,
                () => OpenLoop.Run(contender, plan.Population, Distribution.Uniform, peak * share, plan.Window)));

        void Add(Measurement measurement)
        {
            results.Measurements.Add(measurement);
            Tables.Show(measurement);
        }
    }
}
