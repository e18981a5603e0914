using Wallets.ChaosTests.Node;

namespace Wallets.ChaosTests.Cluster;

/// <summary>What a fault needs that not every machine gives.</summary>
internal enum Needs { Nothing, Namespaces, SmallDisk }

/// <summary>Something that goes wrong, and its end. Each leaves the cluster whole, for what follows to be timed. Gives what it hit.</summary>
internal sealed record Fault(string Name, Func<ChaosCluster, Random, Task<string>> Inject, Needs Needs = Needs.Nothing)
{
    public const string KillSilo = "kill-silo";
    public const string AtLine = "kill-at-";
    public const string NobodyPassed = "nobody passed";
    public const string RollingRestart = "rolling-restart";

    /// <summary>What an orchestrator takes to start a process again.</summary>
    private static readonly TimeSpan UntilRestart = TimeSpan.FromSeconds(3);

    /// <summary>How long somebody is waited for who passes a point, some of which few pass, and then for a silo to join.</summary>
    private static readonly TimeSpan AtAPoint = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<Fault> All { get; } =
    [
        new(KillSilo, (cluster, random) => Kill(cluster, [Pick(random, ChaosCluster.SiloNames)])),
        new("kill-gateway", (cluster, random) => Kill(cluster, [Pick(random, ChaosCluster.GatewayNames)])),
        new("kill-all-silos", (cluster, _) => Kill(cluster, ChaosCluster.SiloNames)),
        .. Control.Lines.Select(line => new Fault(AtLine + line.Line, (cluster, _) => KillAtPoints(cluster, line.Points))),
        new("pause-5", (cluster, random) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 5)),
        new("pause-9", (cluster, random) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 9)),
        new("pause-20", (cluster, random) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 20)),
        new("pause-60", (cluster, random) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 60)),
        new(RollingRestart, (cluster, _) => RestartOneByOne(cluster)),
        new("deliver-twice", (cluster, _) => DeliverTwice(cluster)),
        new("backends-killed", (cluster, _) => KillBackends(cluster)),
        new("database-restart", (cluster, _) => RestartDatabase(cluster, outageSeconds: 0)),
        new("database-outage", (cluster, _) => RestartDatabase(cluster, outageSeconds: 30)),
        new("database-slow", SlowDatabase),
        new("database-cut", (cluster, _) => CutDatabase(cluster)),
        new("disk-full", (cluster, _) => FillDisk(cluster), Needs.SmallDisk),
        new("partition-database", PartDatabase),
        new("partition-silos", PartSilos, Needs.Namespaces),
    ];

    /// <summary>The fault of that name, or those of the kind that the name begins with, or all.</summary>
    public static IReadOnlyList<Fault> Named(string name)
    {
        var named = All.Where(fault => name == "all" || fault.Name.StartsWith(name + "-", StringComparison.Ordinal)).ToList();
        if (All.FirstOrDefault(fault => fault.Name == name) is { } one) return [one];
        return named.Count > 0 ? named : throw new ArgumentException($"There is no fault '{name}'.");
    }

    private static async Task<string> Kill(ChaosCluster cluster, IReadOnlyList<string> names)
    {
        foreach (var name in names) await cluster.Signal(name, "KILL");
        await Task.Delay(UntilRestart);
        foreach (var name in names) await cluster.Restart(name);
        return string.Join(", ", names);
    }

    /// <summary>At one point after the other: two silos of three at once would be another fault.</summary>
    private static async Task<string> KillAtPoints(ChaosCluster cluster, IReadOnlyList<string> points)
    {
        var notPassed = new List<string>();
        foreach (var point in points)
        {
            cluster.Control.Turn(point, on: true);
            await Wait.Until(() => Task.FromResult(!cluster.Control.IsOn(point)), AtAPoint);
            if (cluster.Control.IsOn(point)) notPassed.Add(point);
            cluster.Control.Turn(point, on: false);
            await Task.Delay(UntilRestart);
            await cluster.RestartWhatEnded();
            if (point != points[^1]) await cluster.MakeWhole(AtAPoint);
        }
        return notPassed.Count == 0 ? $"the first processes at {string.Join(" and ", points)}" : $"{NobodyPassed} {string.Join(" and ", notPassed)}";
    }

    private static async Task<string> Pause(ChaosCluster cluster, string name, int seconds)
    {
        await cluster.Signal(name, "STOP");
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        await cluster.Signal(name, "CONT");
        await RestartIfEvicted(cluster, name);
        return name;
    }

    /// <summary>A silo that finds itself declared dead ends itself.</summary>
    private static async Task RestartIfEvicted(ChaosCluster cluster, params IReadOnlyList<string> names)
    {
        await Task.Delay(UntilRestart);
        foreach (var name in names) await cluster.Restart(name);
    }

    private static async Task<string> RestartOneByOne(ChaosCluster cluster)
    {
        foreach (var name in ChaosCluster.SiloNames)
        {
            await cluster.Signal(name, "TERM");
            await cluster.WaitUntilEnded(name, TimeSpan.FromSeconds(40));
            await cluster.Restart(name);
            await Task.Delay(TimeSpan.FromSeconds(8));
        }
        return "all silos";
    }

    private static async Task<string> DeliverTwice(ChaosCluster cluster)
    {
        cluster.Control.Turn(Control.DeliverTwice, on: true);
        await Task.Delay(TimeSpan.FromSeconds(10));
        cluster.Control.Turn(Control.DeliverTwice, on: false);
        return "every batch of credits for 10 s";
    }

    private static async Task<string> KillBackends(ChaosCluster cluster) =>
        $"{await cluster.Execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'wallets_app' AND application_name <> 'judge'")} backends";

    private static async Task<string> RestartDatabase(ChaosCluster cluster, int outageSeconds)
    {
        await cluster.StopDatabase();
        await Task.Delay(TimeSpan.FromSeconds(outageSeconds));
        await cluster.StartDatabase();
        return $"immediate shutdown, {outageSeconds} s away";
    }

    private static async Task<string> SlowDatabase(ChaosCluster cluster, Random random)
    {
        var delay = TimeSpan.FromMilliseconds(random.Next(50, 400));
        cluster.DelayDatabase(delay);
        await Task.Delay(TimeSpan.FromSeconds(10));
        cluster.DelayDatabase(TimeSpan.Zero);
        return $"{delay.TotalMilliseconds:0} ms each way for 10 s";
    }

    private static async Task<string> CutDatabase(ChaosCluster cluster)
    {
        for (var i = 0; i < 5; i++)
        {
            for (var n = 0; n <= ChaosCluster.Silos; n++) cluster.Wire(n).Cut();
            await Task.Delay(500);
        }
        return "every connection, five times";
    }

    private static async Task<string> FillDisk(ChaosCluster cluster)
    {
        await cluster.Disk!.Fill();
        await Task.Delay(TimeSpan.FromSeconds(10));
        cluster.Disk.Free();
        await Task.Delay(TimeSpan.FromSeconds(2));
        var hadStopped = !await cluster.DatabaseAnswers();
        if (hadStopped) await cluster.StartDatabase();
        return hadStopped ? "for 10 s; PostgreSQL stopped" : "for 10 s; PostgreSQL went on";
    }

    private static async Task<string> PartDatabase(ChaosCluster cluster, Random random)
    {
        var n = random.Next(1, ChaosCluster.Silos + 1);
        cluster.Wire(n).IsHeldUp = true;
        await Task.Delay(TimeSpan.FromSeconds(20));
        cluster.Wire(n).IsHeldUp = false;
        await RestartIfEvicted(cluster, $"silo{n}");
        return $"silo{n} for 20 s";
    }

    private static async Task<string> PartSilos(ChaosCluster cluster, Random random)
    {
        var one = random.Next(1, ChaosCluster.Silos + 1);
        var others = Enumerable.Range(1, ChaosCluster.Silos).Where(n => n != one).ToList();
        if (random.Next(2) == 0) others.RemoveAt(random.Next(others.Count));   // two of three that cannot see each other
        foreach (var other in others) await cluster.Network.Part(one, other);
        await Task.Delay(TimeSpan.FromSeconds(20));
        foreach (var other in others) await cluster.Network.Rejoin(one, other);
        await RestartIfEvicted(cluster, ChaosCluster.SiloNames);
        return $"silo{one} from {string.Join(" and ", others.Select(n => $"silo{n}"))} for 20 s";
    }

    private static T Pick<T>(Random random, IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
