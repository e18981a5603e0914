using System.Diagnostics;
using System.Net;
using Npgsql;
using Wallets.ChaosTests.Node;
using Wallets.ChaosTests.Work;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests.Cluster;

/// <summary>
/// The cluster of deploy/local-cluster.sh with a hand on everything that can break: each process, the wires between the silos, the
/// wire from each silo to PostgreSQL, and PostgreSQL with its disk.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const int Silos = 3;
    public const int Gateways = 2;

    private static readonly TimeSpan UntilThere = TimeSpan.FromSeconds(5);
    private const int ProviderPort = 15;   // of the block of ports that the cluster has

    private readonly int _firstPort;
    private readonly Process _script;
    private readonly TcpProxy[] _wires;
    private readonly IReadOnlyDictionary<string, string> _secrets;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly Dictionary<string, DateTime> _restartedAt = [];

    private ChaosCluster(string folder, int firstPort, Process script, TcpProxy[] wires, Network network, SmallDisk? disk, Provider? provider)
    {
        (Folder, _firstPort, _script, _wires, Network, Disk, Provider) = (folder, firstPort, script, wires, network, disk, provider);
        _secrets = ClusterScript.Secrets(folder);
        Control = new Control(ControlFolder(folder), null);
    }

    public string Folder { get; }
    public Network Network { get; }

    /// <summary>PostgreSQL's own small disk, if this run has one.</summary>
    public SmallDisk? Disk { get; }

    /// <summary>Who pays creators; nobody if the silos have networks of their own, from where it cannot be reached.</summary>
    public Provider? Provider { get; }

    /// <summary>What the nodes are told.</summary>
    public Control Control { get; }

    public static IReadOnlyList<string> SiloNames { get; } = [.. Enumerable.Range(1, Silos).Select(n => $"silo{n}")];
    public static IReadOnlyList<string> GatewayNames { get; } = [.. Enumerable.Range(1, Gateways).Select(n => $"gateway{n}")];

    public IReadOnlyList<Uri> GatewayUrls => [.. Enumerable.Range(1, Gateways).Select(n => new Uri($"http://127.0.0.1:{_firstPort + n}"))];

    /// <summary>As the application's role: the judge only reads.</summary>
    public string Connection => $"Host=127.0.0.1;Port={_firstPort};Database=wallets;Username=wallets_app;Password={_secrets["app_password"]};Pooling=false;Command Timeout=300;Application Name=judge";

    /// <summary>As a front end that calls grains, to find the silos.</summary>
    public string GatewayConnection => $"Host=127.0.0.1;Port={_firstPort};Database=wallets;Username=wallets_gateway;Password={_secrets["gateway_password"]}";

    private static string PostgresScript { get; } = Repository.File("deploy/postgres/temporary.sh");

    private string SuperuserConnection => $"Host=127.0.0.1;Port={_firstPort};Database=wallets;Username=superuser;Password={_secrets["superuser_password"]};Pooling=false";

    /// <summary>The port at which the n-th silo is known to the others.</summary>
    public int SiloPort(int n) => _firstPort + 20 + n;

    public static async Task<ChaosCluster> Start(string folder, Network network, SmallDisk? disk, Bug? bug)
    {
        Directory.CreateDirectory(ControlFolder(folder));
        var firstPort = Ports.FreeBlock();
        var wires = Enumerable.Range(0, Silos + 1).Select(n => new TcpProxy(new IPEndPoint(network.Outside, firstPort + 40 + n), firstPort)).ToArray();
        var provider = network.CanPart ? null : await Provider.Start(firstPort + ProviderPort);
        var script = await ClusterScript.Start(
        [
            ("WALLETS_CLUSTER_DIR", folder),
            ("WALLETS_CLUSTER_PORT", firstPort.ToString()),
            ("WALLETS_CLUSTER_SILOS", Silos.ToString()),
            ("WALLETS_CLUSTER_GATEWAYS", Gateways.ToString()),
            ("WALLETS_CLUSTER_SILO_HOST", network.SiloHost),
            ("WALLETS_CLUSTER_DATABASE", $"{network.Outside}:{(firstPort + 40) / 10}%d"),
            ("WALLETS_SERVER", WriteServer(folder, network, bug)),
            ("Wallets__Hold", "0"),
            ("Wallets__Refunds__FlaggedHoldDays", "0"),   // so that what creators have can be cashed out at once
            ("Wallets__Limits__CoinsPerDay", "1000000000"),
            ("Wallets__Limits__CoinsPerWeek", "1000000000"),
            ("Wallets__Channels__Web__Secrets__0", Checkout.Secret),
            ("Wallets__Payouts__AskAgainAfter", "00:00:00.500"),
            ("Wallets__Payouts__AskAtMostEvery", "00:00:02"),
            ("Wallets__PayoutProvider__Timeout", "00:00:03"),
            ("Wallets__Payouts__ResubmitAfter", "00:00:05"),
            .. provider is null ? Array.Empty<(string, string)>() : [("Wallets__PayoutProvider__Url", $"http://127.0.0.1:{firstPort + ProviderPort}")],
        ]);
        return new ChaosCluster(folder, firstPort, script, wires, network, disk, provider);
    }

    public Task Signal(string name, string signal) => Pid(name) is { } pid ? Shell.Signal(pid, signal) : Task.CompletedTask;

    public bool IsRunning(string name) => Pid(name) is not null;

    /// <summary>Starts a process that has ended, as the cluster's script started it, and waits until it is there, so that it is not started twice.</summary>
    public async Task Restart(string name)
    {
        if (IsRunning(name)) return;
        _restartedAt[name] = TimeProvider.System.GetUtcNow().UtcDateTime;
        // Through a shell that leaves at once, so that the process is nobody's child here and is stopped with the others.
        await Shell.Run("bash", "-c", $"setsid bash '{Path.Combine(Folder, $"{name}.start")}' > /dev/null 2>&1 < /dev/null &");
        await Wait.Until(() => Task.FromResult(IsRunning(name)), UntilThere);
    }

    public async Task RestartWhatEnded()
    {
        foreach (var name in SiloNames.Concat(GatewayNames)) await Restart(name);
    }

    /// <summary>Starts what has ended, and waits until every silo is a member and every gateway is ready, but not longer than that.</summary>
    public Task MakeWhole(TimeSpan within) => Wait.Until(
        async () =>
        {
            await RestartWhatEnded();
            return await AreMembers() && (await Task.WhenAll(GatewayUrls.Select(IsReady))).All(ready => ready);
        },
        within,
        TimeSpan.FromMilliseconds(500));

    /// <summary>Whether the present process of every silo is an active member, by the cluster's own table; one that has just died may still stand there.</summary>
    private async Task<bool> AreMembers()
    {
        var present = Enumerable.Range(1, Silos).Select(n =>
        {
            var since = _restartedAt.GetValueOrDefault(SiloNames[n - 1], DateTime.UnixEpoch).AddSeconds(-1);   // the table keeps milliseconds
            return $"(port = {SiloPort(n)} AND starttime > '{since:O}')";
        });
        return await Execute($"SELECT count(*) FROM orleansmembershiptable WHERE status = {(int)SiloStatus.Active} AND ({string.Join(" OR ", present)})") is (long)Silos;
    }

    private async Task<bool> IsReady(Uri gateway)
    {
        try
        {
            return (await _http.GetAsync(new Uri(gateway, "/health/ready"))).IsSuccessStatusCode;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public Task WaitUntilEnded(string name, TimeSpan within) => Wait.Until(() => Task.FromResult(!IsRunning(name)), within);

    /// <summary>The wire between the n-th silo and PostgreSQL; 0 is the gateways'.</summary>
    public TcpProxy Wire(int n) => _wires[n];

    public void DelayDatabase(TimeSpan delay)
    {
        foreach (var wire in _wires) wire.Delay = delay;
    }

    public Task StopDatabase() => Shell.Run(PostgresScript, "stop", Path.Combine(Folder, "postgres"), "immediate");

    public Task StartDatabase() => Shell.Run("bash", "-c", $"'{PostgresScript}' start '{Path.Combine(Folder, "postgres")}' {_firstPort} > /dev/null 2>&1");

    public async Task<bool> DatabaseAnswers()
    {
        try
        {
            await Execute("SELECT 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    public async Task<object?> Execute(string sql)
    {
        await using var connection = new NpgsqlConnection(SuperuserConnection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ClusterScript.Stop(_script);
        _http.Dispose();
        foreach (var wire in _wires) await wire.DisposeAsync();
        if (Provider is not null) await Provider.DisposeAsync();
    }

    private static string ControlFolder(string folder) => Path.Combine(folder, "control");

    /// <summary>What the cluster's script runs instead of the server: this program as a node, in its namespace if it has one.</summary>
    private static string WriteServer(string folder, Network network, Bug? bug)
    {
        var script = Path.Combine(folder, "server");
        File.WriteAllText(script, $"""
            #!/usr/bin/env bash
            export {Control.FolderVariable}='{ControlFolder(folder)}' {Control.BugVariable}='{bug}'
            case ${"{"}WALLETS_NODE:-{"}"} in
              silo*) exec {network.Enter} '{Environment.ProcessPath}' node "$@" ;;
              *) exec '{Environment.ProcessPath}' node "$@" ;;
            esac

            """);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        return script;
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
}
