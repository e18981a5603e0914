using System.Diagnostics;
using Spectre.Console;

namespace Wallets.ChaosTests;

/// <summary>
/// One run: start the cluster, let the callers loose, break things one after the other, heal, wait until all is settled, judge. The
/// folder with history and logs is kept if an invariant broke, or the cluster did not come back in time.
/// </summary>
internal sealed class ChaosRun(int seed, TimeSpan duration, IReadOnlyList<Fault> faults, int callers, string? server)
{
    private static readonly TimeSpan SettleTarget = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LivenessDeadline = TimeSpan.FromSeconds(60);

    private sealed record Injected(string Fault, string Target, TimeSpan AliveAfter);

    public async Task<int> Run()
    {
        var root = FindRoot();
        var folder = Directory.CreateTempSubdirectory("wallets-chaos-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_001_001);
        AnsiConsole.MarkupLineInterpolated($"seed [bold]{seed}[/], commit {Commit(root)}, {callers} callers, {duration.TotalMinutes:0.#} min, files in {folder}");

        using var history = new History(Path.Combine(folder, "history.jsonl"));
        await using var cluster = await ChaosCluster.Start(root, server ?? BuiltServer(root), folder, 20_000 + seed % 100 * 100);
        var workload = new Workload(cluster.GatewayUrls, history, seed);
        await workload.Prepare();

        var injected = await BreakThings(cluster, workload, root);
        await Heal(cluster);
        var judge = new Judge(cluster.Connection);
        var (alive, settled) = await WaitUntilQuiet(workload, judge);
        var verdicts = await judge.Decide(history.Operations, workload.CoinsOf, workload.DiamondsOf);

        var isClean = verdicts.All(verdict => verdict.Violations.Count == 0) && alive < LivenessDeadline && settled < LivenessDeadline;
        Report(history, injected, alive, settled, verdicts, CountFenced(folder));
        if (isClean)
        {
            history.Dispose();
            await cluster.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
        return isClean ? 0 : 1;
    }

    private async Task<List<Injected>> BreakThings(ChaosCluster cluster, Workload workload, string root)
    {
        using var stop = new CancellationTokenSource();
        var running = Enumerable.Range(0, callers).Select(caller => workload.Run(caller, stop.Token)).ToList();
        var random = new Random(seed);
        var injected = new List<Injected>();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < duration)
        {
            await Task.Delay(TimeSpan.FromSeconds(3 + random.Next(5)));
            var fault = faults[random.Next(faults.Count)];
            var target = await fault.Inject(cluster, random, root);
            var alive = await TimeUntil(workload.Probe);
            injected.Add(new(fault.Name, target, alive));
            AnsiConsole.MarkupLineInterpolated($"[grey]{watch.Elapsed:mm\\:ss}[/] {fault.Name} ({target}): answers again after {alive.TotalSeconds:0.0} s; {workload.Count} operations");
        }
        await stop.CancelAsync();
        await Task.WhenAll(running);
        return injected;
    }

    private static async Task Heal(ChaosCluster cluster)
    {
        foreach (var name in ChaosCluster.SiloNames.Concat(ChaosCluster.GatewayNames))
        {
            cluster.Signal(name, "CONT");
            cluster.Restart(name);
        }
        await Task.CompletedTask;
    }

    private static async Task<(TimeSpan Alive, TimeSpan Settled)> WaitUntilQuiet(Workload workload, Judge judge)
    {
        var alive = await TimeUntil(workload.Probe);
        var settled = await TimeUntil(async () => await judge.CountInFlight() == 0);
        return (alive, settled);
    }

    private static async Task<TimeSpan> TimeUntil(Func<Task<bool>> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!await holds() && watch.Elapsed < LivenessDeadline) await Task.Delay(50);
        return watch.Elapsed;
    }

    private static void Report(History history, List<Injected> injected, TimeSpan alive, TimeSpan settled, IReadOnlyList<Verdict> verdicts, int fenced)
    {
        var operations = history.Operations;
        var outcomes = new Table().AddColumns("Operation", "ok", "refused", "unknown", "longest");
        foreach (var act in operations.GroupBy(operation => operation.Act).OrderBy(act => act.Key))
            outcomes.AddRow(act.Key.ToString(), $"{act.Count(o => o.End == End.Ok)}", $"{act.Count(o => o.End == End.Refused)}", $"{act.Count(o => o.End == End.Unknown)}", $"{act.Max(o => (o.EndedAt - o.InvokedAt).TotalSeconds):0.0} s");
        AnsiConsole.Write(outcomes);

        var faults = new Table().AddColumns("Fault", "times", "answers again after, at most");
        foreach (var fault in injected.GroupBy(fault => fault.Fault)) faults.AddRow(fault.Key, $"{fault.Count()}", $"{fault.Max(f => f.AliveAfter.TotalSeconds):0.0} s");
        AnsiConsole.Write(faults);
        AnsiConsole.MarkupLineInterpolated($"after healing: answers after {alive.TotalSeconds:0.0} s, settled after {settled.TotalSeconds:0.0} s (target {SettleTarget.TotalSeconds:0} s); fenced writes {fenced}");
        AnsiConsole.MarkupLineInterpolated($"refusals: {string.Join(", ", operations.Where(o => o.End == End.Refused).GroupBy(o => o.Detail).Select(code => $"{code.Key} {code.Count()}"))}");
        foreach (var verdict in verdicts)
        {
            AnsiConsole.MarkupLineInterpolated($"invariant {verdict.Invariant}: {(verdict.Violations.Count == 0 ? "holds" : "BROKEN")} ({verdict.Says})");
            foreach (var violation in verdict.Violations.Take(10)) AnsiConsole.MarkupLineInterpolated($"   {violation}");
        }
    }

    private static int CountFenced(string folder) =>
        Directory.GetFiles(folder, "silo*.log").Sum(file => File.ReadLines(file).Count(line => line.Contains("Fenced:", StringComparison.Ordinal)));

    private static string BuiltServer(string root)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(root, "src/Wallets.Server/bin", configuration, "net10.0/Wallets.Server");
    }

    private static string Commit(string root)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", root, "rev-parse", "--short", "HEAD"]) { RedirectStandardOutput = true })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Wallets.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The runner does not run inside the repository.");
    }
}
