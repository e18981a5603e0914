using Npgsql;

namespace Wallets.ChaosTests;

/// <summary>Something that goes wrong, and its end. Each leaves the cluster as it was, for settling to be timed.</summary>
internal sealed record Fault(string Name, Func<ChaosCluster, Random, string, Task<string>> Inject)
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kill-silo", (cluster, random, _) => Kill(cluster, [Pick(random, ChaosCluster.SiloNames)])),
        new("kill-gateway", (cluster, random, _) => Kill(cluster, [Pick(random, ChaosCluster.GatewayNames)])),
        new("kill-all-silos", (cluster, _, _) => Kill(cluster, ChaosCluster.SiloNames)),
        new("pause-5", (cluster, random, _) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 5)),
        new("pause-20", (cluster, random, _) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 20)),
        new("pause-60", (cluster, random, _) => Pause(cluster, Pick(random, ChaosCluster.SiloNames), 60)),
        new("rolling-restart", (cluster, _, _) => RollingRestart(cluster)),
        new("kill-backends", (cluster, _, _) => KillBackends(cluster)),
        new("restart-database", (cluster, _, root) => RestartDatabase(cluster, root, outageSeconds: 0)),
        new("database-outage-30", (cluster, _, root) => RestartDatabase(cluster, root, outageSeconds: 30)),
    ];

    private static async Task<string> Kill(ChaosCluster cluster, IReadOnlyList<string> names)
    {
        foreach (var name in names) cluster.Signal(name, "KILL");
        await Task.Delay(TimeSpan.FromSeconds(3));   // an orchestrator takes a moment
        foreach (var name in names) cluster.Restart(name);
        return string.Join(", ", names);
    }

    private static async Task<string> Pause(ChaosCluster cluster, string name, int seconds)
    {
        cluster.Signal(name, "STOP");
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        cluster.Signal(name, "CONT");
        await Task.Delay(TimeSpan.FromSeconds(3));
        cluster.Restart(name);   // a silo that finds itself declared dead ends itself
        return name;
    }

    private static async Task<string> RollingRestart(ChaosCluster cluster)
    {
        foreach (var name in ChaosCluster.SiloNames)
        {
            cluster.Signal(name, "TERM");
            await cluster.WaitUntilEnded(name, TimeSpan.FromSeconds(40));
            cluster.Restart(name);
            await Task.Delay(TimeSpan.FromSeconds(8));
        }
        return "all silos, one after the other";
    }

    private static async Task<string> KillBackends(ChaosCluster cluster)
    {
        await using var connection = new NpgsqlConnection(cluster.SuperuserConnection);
        await connection.OpenAsync();
        await using var kill = new NpgsqlCommand("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'wallets_app' AND application_name <> 'judge'", connection);
        return $"{await kill.ExecuteScalarAsync()} backends";
    }

    private static async Task<string> RestartDatabase(ChaosCluster cluster, string root, int outageSeconds)
    {
        cluster.StopDatabase(root);
        await Task.Delay(TimeSpan.FromSeconds(outageSeconds));
        cluster.StartDatabase(root);
        return $"immediate shutdown, {outageSeconds} s away";
    }

    private static T Pick<T>(Random random, IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
