using System.Diagnostics;
using Spectre.Console;
using Wallets.ChaosTests.Cluster;
using Wallets.ChaosTests.Judging;
using Wallets.ChaosTests.Work;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests;

/// <param name="Duration">How long faults are injected; null for each of them once, however long that takes.</param>
/// <param name="Rate">Operations per second that the callers aim at, all together.</param>
/// <param name="Plant">A bug to run with, to see the judge find it.</param>
internal sealed record RunSettings(int Seed, TimeSpan? Duration, IReadOnlyList<Fault> Faults, int Callers, double Rate, Plant? Plant, string? ReportFile, bool Keep)
{
    /// <summary>How long the cluster, and whoever calls it, has to come round. With a planted bug it may never.</summary>
    public TimeSpan Patience => TimeSpan.FromSeconds(Plant is null ? 60 : 8);

    /// <summary>How long a caller asks again.</summary>
    public TimeSpan CallersPatience => Patience * 3 / 4;
}

/// <summary>A fault that was injected, and how the cluster took it.</summary>
/// <param name="EndedAt">When its cause was gone.</param>
/// <param name="AnsweredAfter">From then until every account could be asked.</param>
/// <param name="SettledAfter">From then on, until no gift debited before was unsettled.</param>
/// <param name="Hit">The wallets whose silo was killed, if one was.</param>
internal sealed record Injected(string Fault, string Target, DateTimeOffset StartedAt, DateTimeOffset EndedAt, TimeSpan AnsweredAfter, TimeSpan SettledAfter, IReadOnlySet<string>? Hit);

/// <summary>
/// One run: start the cluster, let the callers loose, break things one after the other, heal, wait until all is settled, judge. The
/// folder with history, logs and report is kept if anything was wrong, and only then.
/// </summary>
internal sealed class ChaosRun(RunSettings settings)
{
    public static readonly TimeSpan SettleTarget = TimeSpan.FromSeconds(5);

    public async Task<int> Run(CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("wallets-chaos-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_001_001);
        var commit = await Repository.Commit();
        AnsiConsole.MarkupLineInterpolated($"seed [bold]{settings.Seed}[/], commit {commit}, files in {folder}");

        bool isClean;
        await using (var network = settings.Faults.Any(fault => fault.Needs == Needs.Namespaces) ? await Network.Create(settings.Seed & 0xffff, ChaosCluster.Silos) : Network.Loopback)
        await using (var disk = settings.Faults.Any(fault => fault.Needs == Needs.SmallDisk) ? await SmallDisk.Mount(Path.Combine(folder, "postgres")) : null)
        await using (var cluster = await ChaosCluster.Start(folder, network, disk, settings.Plant?.Bug))
            isClean = await Run(cluster, commit, stop);

        if (isClean && !settings.Keep) Directory.Delete(folder, recursive: true);
        else AnsiConsole.MarkupLineInterpolated($"history, logs and report are in {folder}");
        return isClean ? 0 : 1;
    }

    private async Task<bool> Run(ChaosCluster cluster, string commit, CancellationToken stop)
    {
        if (settings.Plant?.Sql is { } sql) await cluster.Execute(sql);
        var (possible, impossible) = Sort(cluster);
        using var history = new History(Path.Combine(cluster.Folder, "history.jsonl"));
        await using var grains = await GrainDoor.Open(cluster);
        using var workload = new Workload([.. cluster.GatewayUrls.Select(url => new HttpDoor(url))], grains, history, settings.Seed, settings.Callers, settings.Rate, settings.CallersPatience);
        await workload.Prepare();

        var books = new Books(cluster.Connection);
        var injected = new List<Injected>();
        using var over = new CancellationTokenSource();
        var working = Task.WhenAll(workload.Run(over.Token), cluster.Provider?.Vary(over.Token) ?? Task.CompletedTask);
        await BreakThings(possible, cluster, workload, grains, books, history, injected, stop);
        await over.CancelAsync();
        await working;

        await cluster.RestartWhatEnded();
        var alive = await Wait.Until(workload.TakesNewGifts, settings.Patience);
        var settled = await Wait.Until(async () => await books.CountUnsettled() == 0, SettleTarget * 2);
        var unsettled = settled > SettleTarget ? Math.Max(1, await books.CountUnsettled()) : 0;
        var transfers = cluster.Provider is null ? null : await PaidOut(cluster.Provider, books);
        var taken = await Taken(workload, books);
        await Wait.Until(async () => await books.CountWaiting() == 0, settings.Patience);
        await Wait.Until(async () => !await workload.WaitsForExpiry(), settings.Patience, interval: TimeSpan.FromSeconds(1));   // or a balance changes between its line and its grain's answer
        var verdicts = await new Judge(history.Operations, await books.ReadAll(), transfers, taken, await books.Now()).Decide(workload.CoinsOf, workload.DiamondsOf, unsettled);

        var report = new Report(settings, commit, history.Operations, injected, impossible, verdicts, alive, settled, Logged(cluster.Folder, "silo*.log", "Fenced:").Count, Logged(cluster.Folder, "gateway*.log", "Unexpected fault"));
        report.Write(AnsiConsole.Console);
        report.WriteTo(Path.Combine(cluster.Folder, "report.md"));
        if (settings.ReportFile is { } file) report.WriteTo(file);
        return verdicts.All(verdict => verdict.Holds) && alive < settings.Patience;
    }

    /// <summary>What the provider has paid once every payout has ended, which takes as long as it is asked for at most.</summary>
    private async Task<IReadOnlyList<Transfer>> PaidOut(Provider provider, Books books)
    {
        await Wait.Until(async () => await books.CountOpenPayouts() == 0, settings.Patience);
        return await provider.Transfers();
    }

    /// <summary>What campaigns have taken of their budgets, once all of it is given, or it is clear that it will not be.</summary>
    private async Task<IReadOnlyDictionary<string, long>> Taken(Workload workload, Books books)
    {
        var taken = new Dictionary<string, long>();
        await Wait.Until(async () =>
        {
            foreach (var campaign in workload.Campaigns) taken[campaign] = await workload.TakenOf(campaign);
            return taken.Values.Sum() == await books.SumGranted();
        }, settings.Patience / 4);
        return taken;
    }

    /// <summary>The faults that this machine allows, and those that it does not, with what they need.</summary>
    private (IReadOnlyList<Fault> Possible, IReadOnlyList<string> Impossible) Sort(ChaosCluster cluster)
    {
        bool IsPossible(Fault fault) => fault.Needs switch
        {
            Needs.Namespaces => cluster.Network.CanPart,
            Needs.SmallDisk => cluster.Disk is not null,
            _ => true,
        };
        return ([.. settings.Faults.Where(IsPossible)], [.. settings.Faults.Where(fault => !IsPossible(fault)).Select(fault => $"{fault.Name} (needs {fault.Needs}, which this machine does not allow)")]);
    }

    /// <summary>One fault after the other in a shuffled order, each of them before any comes again, until the time is over or each was there once.</summary>
    private async Task BreakThings(
        IReadOnlyList<Fault> possible, ChaosCluster cluster, Workload workload, GrainDoor grains, Books books, History history, List<Injected> injected, CancellationToken stop)
    {
        var random = new Random(settings.Seed);
        var next = new Queue<Fault>();
        var watch = Stopwatch.StartNew();
        while (!stop.IsCancellationRequested && (settings.Duration is { } duration ? watch.Elapsed < duration : injected.Count < possible.Count))
        {
            await Task.Delay(TimeSpan.FromSeconds(3 + random.Next(4)), CancellationToken.None);
            if (possible.Count == 0) continue;
            if (next.Count == 0)
            {
                var order = possible.ToArray();
                random.Shuffle(order);
                foreach (var fault in order) next.Enqueue(fault);
            }
            injected.Add(await Inject(next.Dequeue(), cluster, random, workload, grains, books));
            var last = injected[^1];
            AnsiConsole.MarkupLineInterpolated(
                $"[grey]{watch.Elapsed:mm\\:ss}[/] {last.Fault} ({last.Target}): answers after {last.AnsweredAfter.TotalSeconds:0.0} s, settled after {last.SettledAfter.TotalSeconds:0.0} s; {history.Operations.Count} operations");
        }
    }

    private async Task<Injected> Inject(Fault fault, ChaosCluster cluster, Random random, Workload workload, GrainDoor grains, Books books)
    {
        var held = fault.Name == Fault.KillSilo ? await HeldBy(cluster, grains) : null;
        var startedAt = TimeProvider.System.GetUtcNow();
        var target = await fault.Inject(cluster, random);
        var endedAt = TimeProvider.System.GetUtcNow();
        var answered = await Wait.Until(workload.Answers, settings.Patience);
        var settled = await TimeUntilSettled(books);
        await cluster.MakeWhole(settings.Patience);
        return new(fault.Name, target, startedAt, endedAt, answered, settled, held?[target]);
    }

    private static async Task<Dictionary<string, IReadOnlySet<string>?>> HeldBy(ChaosCluster cluster, GrainDoor grains)
    {
        var held = new Dictionary<string, IReadOnlySet<string>?>();
        for (var n = 1; n <= ChaosCluster.Silos; n++) held[ChaosCluster.SiloNames[n - 1]] = await grains.WalletsOn(cluster.SiloPort(n));
        return held;
    }

    /// <summary>Until no gift is unsettled that was debited before now.</summary>
    private async Task<TimeSpan> TimeUntilSettled(Books books)
    {
        DateTime? now = null;
        return await Wait.Until(async () =>
        {
            now ??= await books.Now();
            return await books.CountUnsettled(now.Value.AddMinutes(-10), now.Value) == 0;
        }, settings.Patience / 4);
    }

    private static IReadOnlyList<string> Logged(string folder, string files, string text) =>
        [.. Directory.GetFiles(folder, files).SelectMany(File.ReadLines).Where(line => line.Contains(text, StringComparison.Ordinal))];
}
