using Spectre.Console;
using Wallets.Benchmarks.Machine;
using Wallets.Benchmarks.Parts;
using Wallets.Benchmarks.Report;
using Wallets.Tests.Shared;

namespace Wallets.Benchmarks;

/// <summary>
/// One run: the parts of the plan one after the other, then the report. Exit code 1 if any of it could not run; or, for the smoke
/// plan, if a ratio is below half its target, two rounds in a row, or one of our gifts failed.
/// </summary>
internal sealed class BenchmarkRun(Plan plan, string? jsonFile, string? plotFolder)
{
    private const int WidthOfFiles = 160;
    private const int SmokeRounds = 2;
    private int _couldNotRun;

    private bool IsSmoke => plan.Name == Plan.Smoke.Name;

    public async Task<int> Run()
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = WidthOfFiles;
        using var signals = Leftovers.StopOnSignals();
        var results = new Results
        {
            Commit = await Repository.Commit(),
            Machine = Hardware.Describe(),
            DiskFlushMs = await Disk.Probe(),
            Plan = plan.Name,
            StartedAt = TimeProvider.System.GetUtcNow(),
        };
        foreach (var part in plan.Parts)
        {
            switch (part)
            {
                case Part.Throughput:
                    foreach (var contender in Enumerable.Repeat(plan.Contenders, plan.Rounds).SelectMany(names => names)) await Timed(() => Throughput.Run(contender, plan, results));
                    break;
                case Part.Growth: await Timed(() => Growth.Run(plan, results)); break;
                case Part.Memory: await Timed(() => Memory.Run(plan, results)); break;
                case Part.Cold: await Timed(() => Cold.Run(plan, results)); break;
                case Part.Replays: await Timed(() => Replays.Run(plan, results)); break;
                case Part.Hub: await Timed(() => Hub.Run(plan, results)); break;
            }
        }

        for (var more = SmokeRounds - 1; IsSmoke && more > 0 && Targets.Of(results).Any(target => target.IsBelowHalf); more--)
        {
            AnsiConsole.MarkupLine("A ratio has collapsed, or a small machine had a bad moment: all are measured once more.");
            results.Measurements.RemoveAll(m => m.Failures == 0);   // a ratio is one round's; a failure is the run's
            foreach (var contender in plan.Contenders) await Timed(() => Throughput.Run(contender, plan, results));
        }

        Tables.Show(results);
        AnsiConsole.MarkupLineInterpolated($"took {(TimeProvider.System.GetUtcNow() - results.StartedAt).TotalMinutes:0.0} min");
        if (jsonFile is not null) await JsonReport.Write(results, jsonFile);
        if (plotFolder is not null) Plots.Draw(results, plotFolder);
        return _couldNotRun > 0 ? 1 : IsSmoke ? Judge(results) : 0;
    }

    /// <summary>One part or contender that cannot run does not cost the results of the others; the exit code tells.</summary>
    private async Task Timed(Func<Task> part)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        try
        {
            await part();
        }
        catch (Exception fault)
        {
            _couldNotRun++;
            AnsiConsole.MarkupLineInterpolated($"  [red]could not run:[/] {fault.Message} {fault.InnerException?.Message}");
            await Console.Error.WriteLineAsync(fault.ToString());
        }
        AnsiConsole.MarkupLineInterpolated($"  [grey]{TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds:0} s[/]");
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
