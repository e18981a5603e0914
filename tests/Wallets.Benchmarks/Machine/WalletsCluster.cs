using System.Diagnostics;
using System.Globalization;

namespace Wallets.Benchmarks.Machine;

/// <summary>
/// Our own servers as deploy/local-cluster.sh starts them: PostgreSQL, silos and gateways in processes of their own, in the
/// environment Production. Only the limits on spending are raised, by configuration.
/// </summary>
internal sealed class WalletsCluster : IAsyncDisposable
{
    public const string Issuer = "wallets-benchmark";
    private readonly Workspace _workspace;
    private readonly Process _script;
    private readonly Dictionary<string, string> _secrets;
    private readonly int _firstPort;
    private readonly int _silos;
    private readonly int _gateways;
    private bool _isStopped;

    private WalletsCluster(Workspace workspace, Process script, int firstPort, int silos, int gateways)
    {
        (_workspace, _script, _firstPort, _silos, _gateways) = (workspace, script, firstPort, silos, gateways);
        _secrets = File.ReadAllLines(Path.Combine(workspace.Folder, "secrets")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Postgres = new PostgresServer(Path.Combine(workspace.Folder, "postgres"), firstPort, _secrets["superuser_password"], "wallets");
    }

    public PostgresServer Postgres { get; }

    public byte[] SigningKey => Convert.FromBase64String(_secrets["signing_key"]);

    public Uri GatewayUrl => new($"http://127.0.0.1:{_firstPort + 1}");

    /// <summary>As a gateway connects: it sees the membership tables only.</summary>
    public string GatewayConnectionString => $"Host=127.0.0.1;Port={_firstPort};Database=wallets;Username=wallets_gateway;Password={_secrets["gateway_password"]}";

    /// <summary>The servers' processes by name.</summary>
    public IReadOnlyDictionary<string, int> Pids => Names.ToDictionary(name => name, name => int.Parse(File.ReadAllText(Path.Combine(_workspace.Folder, name + ".pid")), CultureInfo.InvariantCulture));

    private IEnumerable<string> Names => [.. Enumerable.Range(1, _silos).Select(n => $"silo{n}"), .. Enumerable.Range(1, _gateways).Select(n => $"gateway{n}")];

    public static async Task<WalletsCluster> Start(int silos, int gateways)
    {
        var workspace = new Workspace();
        var firstPort = Shell.FreePorts();
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "deploy/local-cluster.sh")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
        [
            ("WALLETS_CLUSTER_DIR", workspace.Folder),
            ("WALLETS_CLUSTER_PORT", firstPort.ToString(CultureInfo.InvariantCulture)),
            ("WALLETS_CLUSTER_SILOS", silos.ToString(CultureInfo.InvariantCulture)),
            ("WALLETS_CLUSTER_GATEWAYS", gateways.ToString(CultureInfo.InvariantCulture)),
            ("WALLETS_SERVER", Repository.Server),
            ("ASPNETCORE_ENVIRONMENT", "Production"),
            ("Wallets__Auth__Issuer", Issuer),
            ("Wallets__Limits__CoinsPerDay", "1000000000000"),
            ("Wallets__Limits__CoinsPerWeek", "1000000000000"),
        ]) start.Environment[name] = value;
        var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        while (await script.StandardOutput.ReadLineAsync() is { } line)
            if (line == "ready") return Leftovers.Add(new WalletsCluster(workspace, script, firstPort, silos, gateways));
        workspace.Dispose();
        throw new InvalidOperationException($"The cluster did not start: {await errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        Leftovers.Remove(this);
        if (!_script.HasExited) await Shell.Run("bash", "-c", $"kill -TERM {_script.Id}");
        await _script.WaitForExitAsync();
        _script.Dispose();
        _workspace.Dispose();
    }
}
