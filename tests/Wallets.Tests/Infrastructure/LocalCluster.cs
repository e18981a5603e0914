using System.Diagnostics;
using Wallets.Tests.Shared;

namespace Wallets.Tests.Infrastructure;

/// <summary>deploy/local-cluster.sh as a user runs it, in a folder that outlives it.</summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _script;

    private LocalCluster(string folder, Process script) => (_folder, _script) = (folder, script);

    public string Url { get; private set; } = "";

    /// <summary>As a gateway connects: it sees the membership tables only.</summary>
    public string GatewayConnection => $"Host=127.0.0.1;Port={new Uri(Url).Port - 1};Database=wallets;Username=wallets_gateway;Password={ClusterScript.Secrets(_folder)["gateway_password"]}";

    /// <summary>The n-th gateway's address, from 1.</summary>
    public string UrlOf(int gateway) => $"http://127.0.0.1:{new Uri(Url).Port - 1 + gateway}";

    /// <summary>The silo that listens at this port.</summary>
    public string SiloAt(int port) => $"silo{port - (new Uri(Url).Port - 1) - 20}";

    public static async Task<LocalCluster> Start(string folder, int firstPort, int silos = 3, int gateways = 1)
    {
        var script = await ClusterScript.Start(
        [
            ("WALLETS_CLUSTER_DIR", folder),
            ("WALLETS_CLUSTER_PORT", firstPort.ToString()),
            ("WALLETS_CLUSTER_SILOS", $"{silos}"),
            ("WALLETS_CLUSTER_GATEWAYS", $"{gateways}"),
            ("WALLETS_SERVER", Repository.Server),
            ("Wallets__Hold", "0"),
        ]);
        return new LocalCluster(folder, script) { Url = $"http://127.0.0.1:{firstPort + 1}" };
    }

    /// <summary>kill -9 of one process.</summary>
    public void Kill(string name)
    {
        using var process = Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(_folder, $"{name}.pid"))));
        process.Kill();
    }

    public string LogOf(string name) => File.ReadAllText(Path.Combine(_folder, $"{name}.log"));

    /// <summary>kill -9 of every silo and the gateway at once.</summary>
    public void KillEveryServer()
    {
        foreach (var file in Directory.GetFiles(_folder, "*.pid"))
            using (var process = Process.GetProcessById(int.Parse(File.ReadAllText(file))))
                process.Kill();
    }

    public int Audit()
    {
        var secrets = ClusterScript.Secrets(_folder);
        var port = new Uri(Url).Port - 1;
        var start = new ProcessStartInfo(Repository.Server, ["audit"]) { RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Wallets__Database"] = "postgres";
        start.Environment["ConnectionStrings__Wallets"] = $"Host=127.0.0.1;Port={port};Database=wallets;Username=wallets_app;Password={secrets["app_password"]}";
        using var audit = Process.Start(start)!;
        TestContextOutput(audit.StandardOutput.ReadToEnd());
        audit.WaitForExit();
        return audit.ExitCode;
    }

    /// <summary>Stops it as Ctrl-C does, and waits until it says that all is stopped.</summary>
    public async ValueTask DisposeAsync() => await ClusterScript.Stop(_script);

    private static void TestContextOutput(string text) => Xunit.TestContext.Current.TestOutputHelper?.WriteLine(text);
}
