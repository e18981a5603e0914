using System.Diagnostics;
using System.Globalization;
using Wallets.Tests.Shared;

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
    private readonly IReadOnlyDictionary<string, string> _secrets;
    private readonly int _firstPort;
    private readonly int _silos;
    private readonly int _gateways;
    private bool _isStopped;

    private WalletsCluster(Workspace workspace, Process script, int firstPort, int silos, int gateways)
    {
        (_workspace, _script, _firstPort, _silos, _gateways) = (workspace, script, firstPort, silos, gateways);
        _secrets = ClusterScript.Secrets(workspace.Folder);
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
        var firstPort = Ports.FreeBlock();
        try
        {
            var script = await ClusterScript.Start(
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
            ]);
            return Leftovers.Add(new WalletsCluster(workspace, script, firstPort, silos, gateways));
        }
        catch (InvalidOperationException)
        {
            workspace.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        Leftovers.Remove(this);
        await ClusterScript.Stop(_script);
        _workspace.Dispose();
    }
}
