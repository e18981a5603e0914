using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Wallets.Tests.Infrastructure;

/// <summary>deploy/local-cluster.sh as a user runs it, in a folder that outlives it.</summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private static int _next = Environment.ProcessId;

    private readonly string _folder;
    private readonly Process _script;

    private LocalCluster(string folder, Process script) => (_folder, _script) = (folder, script);

    public string Url { get; private set; } = "";

    public static async Task<LocalCluster> Start(string folder, int firstPort)
    {
        var start = new ProcessStartInfo(Repository.File("deploy/local-cluster.sh")) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["WALLETS_CLUSTER_DIR"] = folder;
        start.Environment["WALLETS_CLUSTER_PORT"] = firstPort.ToString();
        start.Environment["WALLETS_SERVER"] = ServerProcess.Executable;
        start.Environment["Wallets__Hold"] = "0";
        var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        while (await script.StandardOutput.ReadLineAsync() is { } line)
            if (line == "ready") return new LocalCluster(folder, script) { Url = $"http://127.0.0.1:{firstPort + 1}" };
        throw new InvalidOperationException($"The cluster did not start: {await errors}");
    }

    /// <summary>The first of a hundred ports below those that outgoing connections take, of which a cluster's own are free.</summary>
    public static int FreePorts()
    {
        while (true)
        {
            var first = 15_000 + Interlocked.Increment(ref _next) % 170 * 100;
            if (new[] { 0, 1, 11, 12, 13, 21, 22, 23, 31, 32, 33 }.All(offset => IsFree(first + offset))) return first;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
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
        var secrets = File.ReadAllLines(Path.Combine(_folder, "secrets")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var port = new Uri(Url).Port - 1;
        var start = new ProcessStartInfo(ServerProcess.Executable, ["audit"]) { RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Wallets__Database"] = "postgres";
        start.Environment["ConnectionStrings__Wallets"] = $"Host=127.0.0.1;Port={port};Database=wallets;Username=wallets_app;Password={secrets["app_password"]}";
        using var audit = Process.Start(start)!;
        TestContextOutput(audit.StandardOutput.ReadToEnd());
        audit.WaitForExit();
        return audit.ExitCode;
    }

    /// <summary>Stops it as Ctrl-C does, and waits until it says that all is stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_script.HasExited) await Shell.Run("bash", "-c", $"kill -TERM {_script.Id}");   // the shell's own: a bare machine has no other
        await _script.WaitForExitAsync();
        _script.Dispose();
    }

    private static void TestContextOutput(string text) => Xunit.TestContext.Current.TestOutputHelper?.WriteLine(text);
}
