using System.Globalization;
using Spectre.Console;
using Wallets.ChaosTests.Cluster;
using Wallets.ChaosTests.Judging;
using Wallets.ChaosTests.Work;

namespace Wallets.ChaosTests;

/// <summary>What a run found, in Markdown, for the console and for a file alike.</summary>
internal sealed class Report(
    RunSettings settings,
    string commit,
    IReadOnlyCollection<Operation> history,
    IReadOnlyList<Injected> injected,
    IReadOnlyList<string> impossible,
    IReadOnlyList<Verdict> verdicts,
    TimeSpan alive,
    TimeSpan settled,
    int fenced,
    IReadOnlyList<string> unexpected)
{
    public void WriteTo(string file)
    {
        using var text = new StreamWriter(file);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 4_000;
        Write(console);
    }

    public void Write(IAnsiConsole console)
    {
        var length = settings.Duration is { } duration ? $"{duration.TotalMinutes:0.#} minutes" : "each fault once";
        console.WriteLine($"# Chaos run, seed {settings.Seed}, {length}, commit {commit}");
        console.WriteLine();
        console.WriteLine($"{ChaosCluster.Silos} silos, {ChaosCluster.Gateways} gateways, one PostgreSQL; {settings.Callers} callers by HTTP and by grain calls, aiming at {settings.Rate:0} operations/s.");
        if (settings.Plant is { } plant) console.WriteLine($"Planted bug: {plant.Name}.");
        foreach (var fault in impossible) console.WriteLine($"Left out: {fault}.");
        console.WriteLine();
        WriteOperations(console);
        WriteFaults(console);
        WriteKills(console);
        console.WriteLine($"- After healing: a purchase and a gift succeed after {Seconds(alive)}, nothing is in flight {Seconds(settled)} later (target {Seconds(ChaosRun.SettleTarget)}).");
        console.WriteLine($"- Writes that were fenced: {fenced}.");
        console.WriteLine($"- Faults that the gateways did not expect: {unexpected.Count}.");
        foreach (var fault in unexpected.Take(5)) console.WriteLine($"  - {fault[..Math.Min(fault.Length, 500)]}");
        console.WriteLine($"- Refusals: {Counts(history.Where(operation => operation.End == End.Refused), operation => operation.Code)}.");
        var unknown = history.Where(operation => operation.End == End.Unknown).ToList();
        console.WriteLine($"- Unknown, and how the first attempt in doubt ended: {Counts(unknown, operation => operation.Doubt ?? operation.Code)}. "
            + $"Of these, {unknown.Count(operation => operation.Took < settings.CallersPatience)} were refused when asked again with their key; {unknown.Count(operation => operation.Took >= settings.CallersPatience)} had no answer in time.");
        console.WriteLine();
        WriteVerdicts(console);
    }

    private void WriteOperations(IAnsiConsole console)
    {
        var table = NewTable("operation", "ok", "refused", "unknown", "more than one attempt", "longest a caller waited");
        foreach (var act in history.GroupBy(operation => operation.Wish.Act).OrderBy(act => act.Key))
        {
            int Ended(End end) => act.Count(operation => operation.End == end);
            Row(table, act.Key.ToString().ToLowerInvariant(), Ended(End.Ok), Ended(End.Refused), Ended(End.Unknown), act.Count(operation => operation.Attempts > 1), Seconds(act.Max(operation => operation.Took)));
        }
        console.Write(table);
        console.WriteLine();
    }

    private void WriteFaults(IAnsiConsole console)
    {
        var table = NewTable("fault", "times", "answers again after, at most", "settled after, at most", "longest a caller waited", "unknown to a caller");
        foreach (var fault in injected.GroupBy(fault => fault.Fault).OrderBy(fault => fault.Key, StringComparer.Ordinal))
        {
            var during = fault.SelectMany(one => Overlapping(one.StartedAt, one.EndedAt + one.AnsweredAfter)).ToList();
            Row(table, fault.Key, fault.Count(), Seconds(fault.Max(one => one.AnsweredAfter)), Seconds(fault.Max(one => one.SettledAfter)),
                Seconds(during.Select(operation => operation.Took).DefaultIfEmpty().Max()), during.Count(operation => operation.End == End.Unknown));
        }
        console.Write(table);
        console.WriteLine();
        var points = injected.Where(fault => fault.Fault.StartsWith(Fault.AtLine, StringComparison.Ordinal)).ToList();
        var notPassed = points.Where(fault => fault.Target.StartsWith(Fault.NobodyPassed, StringComparison.Ordinal)).ToList();
        if (points.Count > 0) console.WriteLine($"- Kills on both sides of a line: {points.Count} lines, of which {notPassed.Count} found nobody who passed{string.Concat(notPassed.Select(fault => $"; {fault.Fault}: {fault.Target}"))}.");
    }

    /// <summary>One silo of three killed: how long its own wallets and the others' were out of reach.</summary>
    private void WriteKills(IAnsiConsole console)
    {
        var kills = injected.Where(fault => fault.Hit is not null).ToList();
        if (kills.Count == 0) return;
        TimeSpan Longest(Func<Injected, Operation, bool> which) => kills.SelectMany(
            kill => Overlapping(kill.StartedAt, kill.EndedAt + kill.AnsweredAfter).Where(operation => operation.Wish.Act == Act.Gift && which(kill, operation)), (kill, operation) => operation.EndedAt - Later(operation.InvokedAt, kill.StartedAt)).DefaultIfEmpty().Max();
        bool IsOwn(Injected kill, Operation gift) => kill.Hit!.Contains(gift.Wish.Subject);
        console.WriteLine($"- After kill -9 of one silo of three ({kills.Count} times), gifts of its own wallets waited at most {Seconds(Longest(IsOwn))} (target 10 s). "
            + $"Callers of other wallets who saw an error had their answer after {Seconds(Longest((kill, gift) => !IsOwn(kill, gift) && gift.Attempts > 1))} (target 1 s); "
            + $"the slowest, error or not, after {Seconds(Longest((kill, gift) => !IsOwn(kill, gift)))}.");
    }

    private void WriteVerdicts(IAnsiConsole console)
    {
        var table = NewTable("invariant", "", "verdict");
        foreach (var verdict in verdicts) Row(table, verdict.Invariant, verdict.Says, verdict.Holds ? "holds" : $"BROKEN {verdict.Found} times");
        console.Write(table);
        foreach (var verdict in verdicts.Where(verdict => !verdict.Holds))
        {
            console.WriteLine();
            console.WriteLine($"Invariant {verdict.Invariant}:");
            foreach (var example in verdict.Examples) console.WriteLine($"- {example}");
        }
    }

    private IEnumerable<Operation> Overlapping(DateTimeOffset from, DateTimeOffset to) => history.Where(operation => operation.InvokedAt < to && operation.EndedAt > from);

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static string Counts(IEnumerable<Operation> operations, Func<Operation, string> by)
    {
        var codes = operations.GroupBy(by).OrderBy(code => code.Key, StringComparer.Ordinal).Select(code => $"{code.Key} {code.Count()}").ToList();
        return codes.Count == 0 ? "none" : string.Join(", ", codes);
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static Table NewTable(params string[] columns) => new Table().Border(TableBorder.Markdown).AddColumns([.. columns.Select(Markup.Escape)]);

    private static void Row(Table table, params object[] cells) => table.AddRow([.. cells.Select(cell => Markup.Escape(cell.ToString()!))]);
}
