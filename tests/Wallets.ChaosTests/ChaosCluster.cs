using System.Diagnostics;

namespace Wallets.ChaosTests;

/// <summary>The cluster of deploy/local-cluster.sh, with a hand on each of its processes.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const int Silos = 3;
    public const int Gateways = 2;

    private readonly int _firstPort;
    private readonly Process _script;
    private readonly Dictionary<string, string> _secrets;
    private bool _isStopped;

    private ChaosCluster(string folder, int firstPort, Process script)
    {
        (Folder, _firstPort, _script) = (folder, firstPort, script);
        _secrets = File.ReadAllLines(Path.Combine(folder, "secrets")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    public string Folder { get; }

    public static IReadOnlyList<string> SiloNames { get; } = [.. Enumerable.Range(1, Silos).Select(n => $"silo{n}")];
    public static IReadOnlyList<string> GatewayNames { get; } = [.. Enumerable.Range(1, Gateways).Select(n => $"gateway{n}")];

    public IReadOnlyList<Uri> GatewayUrls => [.. Enumerable.Range(1, Gateways).Select(n => new Uri($"http://127.0.0.1:{_firstPort + n}"))];

    /// <summary>As the application's role: the judge only reads.</summary>
    public string Connection => $"Host=127.0.0.1;Port={_firstPort};Database=wallets;Username=wallets_app;Password={_secrets["app_password"]};Pooling=false;Application Name=judge";

    public string SuperuserConnection => $"Host=127.0.0.1;Port={_firstPort};Database=postgres;Username=superuser;Password={_secrets["superuser_password"]};Pooling=false";

    public static async Task<ChaosCluster> Start(string root, string server, string folder, int firstPort)
    {
        var start = new ProcessStartInfo(Path.Combine(root, "deploy/local-cluster.sh")) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["WALLETS_CLUSTER_DIR"] = folder;
        start.Environment["WALLETS_CLUSTER_PORT"] = firstPort.ToString();
        start.Environment["WALLETS_CLUSTER_SILOS"] = Silos.ToString();
        start.Environment["WALLETS_CLUSTER_GATEWAYS"] = Gateways.ToString();
        start.Environment["WALLETS_SERVER"] = server;
        start.Environment["Wallets__Hold"] = "0";
        start.Environment["Wallets__Limits__CoinsPerDay"] = start.Environment["Wallets__Limits__CoinsPerWeek"] = "1000000000";
        var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        while (await script.StandardOutput.ReadLineAsync() is { } line)
            if (line == "ready") return new ChaosCluster(folder, firstPort, script);
        throw new InvalidOperationException($"The cluster did not start: {await errors}");
    }

    public void Signal(string name, string signal)
    {
        if (Pid(name) is { } pid) Run("bash", "-c", $"kill -{signal} {pid}");
    }

    public bool IsRunning(string name) => Pid(name) is not null;

    /// <summary>Starts a process that has ended, as the cluster's script started it.</summary>
    public void Restart(string name)
    {
        if (IsRunning(name)) return;
        var script = Path.Combine(Folder, $"{name}.start");
        // Through a shell that leaves at once, so that the process is nobody's child here and is stopped with the others.
        Run("bash", "-c", $"setsid bash '{script}' > /dev/null 2>&1 < /dev/null &");
    }

    public async Task WaitUntilEnded(string name, TimeSpan within)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (IsRunning(name) && TimeProvider.System.GetElapsedTime(startedAt) < within) await Task.Delay(20);
    }

    public void StopDatabase(string root) => Run(Path.Combine(root, "deploy/postgres/temporary.sh"), "stop", Path.Combine(Folder, "postgres"), "immediate");

    public void StartDatabase(string root) => Run(Path.Combine(root, "deploy/postgres/temporary.sh"), "start", Path.Combine(Folder, "postgres"), _firstPort.ToString());

    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        if (!_script.HasExited) Run("bash", "-c", $"kill -TERM {_script.Id}");
        await _script.WaitForExitAsync();
        _script.Dispose();
    }

    private int? Pid(string name)
    {
        var file = Path.Combine(Folder, $"{name}.pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadAllText(file), out var pid)) return null;
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal) ? null : pid;
        }
        catch (IOException)
        {
            return null;   // it has ended
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
    }
}
