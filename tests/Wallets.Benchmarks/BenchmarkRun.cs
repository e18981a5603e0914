using Spectre.Console;
using Wallets.Benchmarks.Machine;
using Wallets.Benchmarks.Parts;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks;

/// <summary>
/// One run: the parts of the plan one after the other, then the report. Exit code 1 if it could not run; or, for the smoke plan, if
/// a ratio is below half its target or one of our gifts failed.
/// </summary>
internal sealed class BenchmarkRun(Plan plan, string? jsonFile, string? plotFolder)
{
    private const int WidthOfFiles = 160;

    public async Task<int> Run()
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = WidthOfFiles;
        using var signals = Leftovers.StopOnSignals();
        var results = new Results
        {
            Commit = await Repository.Commit(),
            Machine = Repository.DescribeMachine(),
            Plan = plan.Name,
            StartedAt = TimeProvider.System.GetUtcNow(),
        };
        if (plan.Parts.Contains(Part.Throughput))
            foreach (var contender in plan.Contenders) await Throughput.Run(contender, plan, results);
        if (plan.Parts.Contains(Part.Growth)) await Growth.Run(plan, results);
        if (plan.Parts.Contains(Part.Memory)) await Memory.Run(plan, results);
        if (plan.Parts.Contains(Part.Cold)) await Cold.Run(plan, results);
        if (plan.Parts.Contains(Part.Replays)) await Replays.Run(plan, results);

        Tables.Show(results);
        AnsiConsole.MarkupLineInterpolated($"took {(TimeProvider.System.GetUtcNow() - results.StartedAt).TotalMinutes:0.0} min");
        if (jsonFile is not null) await JsonReport.Write(results, jsonFile);
        if (plotFolder is not null) Plots.Draw(results, plotFolder);
        return plan.Name == Plan.Smoke.Name ? Judge(results) : 0;
    }

    private static int Judge(Results results)
    {
        var collapsed = Targets.Of(results).Where(target => target.IsBelowHalf).ToList();
        foreach (var target in collapsed) AnsiConsole.MarkupLineInterpolated($"[red]below half its target:[/] {target.Figure}: {target.MeasuredText}");
        var failed = results.Measurements.Where(m => m.Contender.StartsWith(Contenders.Names.Ours, StringComparison.Ordinal)).Sum(m => m.Failures);
        if (failed > 0) AnsiConsole.MarkupLineInterpolated($"[red]{failed} of our gifts failed[/]");
        return collapsed.Count == 0 && failed == 0 ? 0 : 1;
    }
}
