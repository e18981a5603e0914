using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>
/// Money in Orleans as its documentation would have it, in a silo of its own process (this program's hidden command <c>node</c>) on
/// AdoNet storage: either plain grain state, or Orleans transactions. This process is the client, as it is for ours.
/// </summary>
internal sealed class OrleansNode(NodeKind kind) : IContender
{
    private const int AtOnce = 256;
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);
    private readonly Workspace _workspace = new();
    private PostgresServer? _postgres;
    private Process? _node;
    private IHost? _client;
    private Population? _population;
    private IGrainFactory _grains = null!;

    public string Name => kind == NodeKind.AdoNetState ? Names.AdoNetState : Names.Transactions;
    public string Description => kind == NodeKind.AdoNetState ? "stock AdoNet grain state, debit then credit" : "Orleans transactions over AdoNet storage";
    public int GiftsPerSend => 1;
    public IReadOnlyList<int> Levels => kind == NodeKind.AdoNetState ? [32, 128, 512] : [16, 64, 256];
    public PostgresServer Postgres => _postgres!;
    public IReadOnlyDictionary<string, int> Pids => new Dictionary<string, int> { ["silo1"] = _node!.Id };

    public async Task Prepare(Population population)
    {
        _population = population;
        var firstPort = Shell.FreePorts();
        _postgres = await PostgresServer.Start(Path.Combine(_workspace.Folder, "postgres"), firstPort);
        var script = await SqlLedger.ReadScript("grain-state.sql");
        await _postgres.Execute(script.Replace("$app$", "superuser", StringComparison.Ordinal).Replace("$gateway$", "nobody", StringComparison.Ordinal));
        var (siloPort, gatewayPort) = (firstPort + 11, firstPort + 21);
        _node = await StartNode(siloPort, gatewayPort);
        _client = await Connect(gatewayPort);
        _grains = _client.Services.GetRequiredService<IGrainFactory>();
        await Concurrently.ForEach(population.Wallets + population.Creators, AtOnce, account =>
            kind == NodeKind.AdoNetState ? _grains.GetGrain<IStateAccount>(account).Touch() : _grains.GetGrain<ITransactionalAccount>(account).Touch());
        await _postgres.Execute("CHECKPOINT");
    }

    public Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        var gift = gifts.Span[0];
        var creator = _population!.Wallets + gift.Creator;
        return kind == NodeKind.AdoNetState
            ? _grains.GetGrain<IStateAccount>(gift.Wallet).Send(gift.Key, creator, DrawnGift.Coins, DrawnGift.Diamonds)
            : _grains.GetGrain<ITransferDesk>(0).Transfer(gift.Key, gift.Wallet, creator, DrawnGift.Coins, DrawnGift.Diamonds);
    }

    public Task Settle() => Task.CompletedTask;   // a send is acknowledged when both sides are stored

    private async Task<Process> StartNode(int siloPort, int gatewayPort)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["node", "--kind", kind.ToString(), "--silo-port", $"{siloPort}", "--gateway-port", $"{gatewayPort}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment[NodeCommand.ConnectionVariable] = Postgres.ConnectionString;
        var node = Process.Start(start)!;
        while (await node.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == NodeCommand.Ready)
            {
                node.OutputDataReceived += (_, output) => { if (output.Data is { Length: > 0 } text) Console.Error.WriteLine(text); };
                node.BeginOutputReadLine();
                return node;
            }
            await Console.Error.WriteLineAsync(line);
        }
        throw new InvalidOperationException($"The silo of {Name} did not start.");
    }

    private async Task<IHost> Connect(int gatewayPort)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(client =>
        {
            client.UseLocalhostClustering(gatewayPort);
            client.Configure<Orleans.Configuration.ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout);
            if (kind == NodeKind.Transactions) client.UseTransactions();
        });
        var client = builder.Build();
        await client.StartAsync();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }
        if (_node is not null)
        {
            _node.StandardInput.Close();   // which it takes as the end
            await _node.WaitForExitAsync();
            _node.Dispose();
        }
        if (_postgres is not null) await _postgres.Stop();
        _workspace.Dispose();
    }
}

/// <summary>Which contender a node serves.</summary>
internal enum NodeKind
{
    AdoNetState,
    Transactions,
}

/// <summary>The silo of a contender, until its standard input ends, as it does when the benchmark ends in whatever way.</summary>
internal static class NodeCommand
{
    public const string ConnectionVariable = "BENCHMARK_CONNECTION";
    public const string Ready = "ready";

    public static async Task Run(NodeKind kind, int siloPort, int gatewayPort)
    {
        var connectionString = Environment.GetEnvironmentVariable(ConnectionVariable)!;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort);
            silo.Configure<Orleans.Configuration.EndpointOptions>(options => options.AdvertisedIPAddress = IPAddress.Loopback);
            silo.AddAdoNetGrainStorageAsDefault(storage => storage.Configure<Orleans.Serialization.Serializer>((options, serializer) =>
            {
                options.Invariant = "Npgsql";
                options.ConnectionString = connectionString + string.Create(CultureInfo.InvariantCulture, $";Maximum Pool Size=100;Max Auto Prepare=16;Auto Prepare Min Usages=2;No Reset On Close=true");
                options.GrainStorageSerializer = new Orleans.Storage.OrleansGrainStorageSerializer(serializer);
            }));
            if (kind == NodeKind.Transactions) silo.UseTransactions();
        });
        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine(Ready);
        while (await Console.In.ReadLineAsync() is not null)
        {
            // Nothing is said to a node but its end.
        }
        await host.StopAsync();
    }
}
