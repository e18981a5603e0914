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
    private OwnPostgres? _postgres;
    private Process? _node;
    private IHost? _client;
    private Population? _population;
    private IGrainFactory _grains = null!;

    public string Name => kind switch { NodeKind.AdoNetState => Names.AdoNetState, NodeKind.AdoNetStateTuned => Names.AdoNetStateTuned, _ => Names.Transactions };
    public string Description => kind switch
    {
        NodeKind.AdoNetState => "stock AdoNet grain state, debit then credit",
        NodeKind.AdoNetStateTuned => "the same with binary state and writes that are shared",
        _ => "Orleans transactions over AdoNet storage",
    };
    public int GiftsPerSend => 1;
    public IReadOnlyList<int> Levels => kind == NodeKind.Transactions ? [16, 64, 256, 1_024] : [32, 128, 512, 2_048];
    public PostgresServer Postgres => _postgres!.Server;
    public IReadOnlyDictionary<string, int> Pids => new Dictionary<string, int> { ["silo1"] = _node!.Id };

    public async Task Prepare(Population population)
    {
        _population = population;
        _postgres = await OwnPostgres.Start();
        var script = await SqlLedger.ReadScript("grain-state.sql");
        await Postgres.Execute(script.Replace("$app$", "superuser", StringComparison.Ordinal).Replace("$gateway$", "nobody", StringComparison.Ordinal));
        var (siloPort, gatewayPort) = (_postgres.Port + 11, _postgres.Port + 21);
        _node = await StartNode(siloPort, gatewayPort);
        _client = await Connect(gatewayPort);
        _grains = _client.Services.GetRequiredService<IGrainFactory>();
        await Concurrently.ForEach(population.Wallets + population.Creators, AtOnce, account =>
            kind == NodeKind.Transactions ? _grains.GetGrain<ITransactionalAccount>(account).Touch() : _grains.GetGrain<IStateAccount>(account).Touch());
        await Postgres.Execute("CHECKPOINT");
    }

    public Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        var gift = gifts.Span[0];
        var creator = _population!.Wallets + gift.Creator;
        return kind == NodeKind.Transactions
            ? _grains.GetGrain<ITransferDesk>(0).Transfer(gift.Key, gift.Wallet, creator, DrawnGift.Coins, DrawnGift.Diamonds)
            : _grains.GetGrain<IStateAccount>(gift.Wallet).Send(gift.Key, creator, DrawnGift.Coins, DrawnGift.Diamonds);
    }

    public Task Settle() => Task.CompletedTask;   // a send is acknowledged when both sides are stored

    private async Task<Process> StartNode(int siloPort, int gatewayPort)
    {
        var start = new ProcessStartInfo(OwnProgram.Path, ["node", "--kind", kind.ToString(), "--silo-port", $"{siloPort}", "--gateway-port", $"{gatewayPort}"])
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
                _ = PassOn(node.StandardOutput);   // ends with the node
                return node;
            }
            await Console.Error.WriteLineAsync(line);
        }
        throw new InvalidOperationException($"The silo of {Name} did not start.");
    }

    private static async Task PassOn(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line) await Console.Error.WriteLineAsync(line);
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
        if (_postgres is not null) await _postgres.DisposeAsync();
    }
}

/// <summary>Which contender a node serves.</summary>
internal enum NodeKind
{
    /// <summary>As the provider is when nothing but the database is said: JSON, one call at a time.</summary>
    AdoNetState,
    /// <summary>All that its options and Orleans allow.</summary>
    AdoNetStateTuned,
    Transactions,
}

/// <summary>The silo of a contender, until its standard input ends, as it does when the benchmark ends in whatever way.</summary>
internal static class NodeCommand
{
    public const string ConnectionVariable = "BENCHMARK_CONNECTION";
    public const string Ready = "ready";

    /// <summary>What this process serves, if it is a node.</summary>
    public static NodeKind Kind { get; private set; }

    public static async Task Run(NodeKind kind, int siloPort, int gatewayPort)
    {
        Kind = kind;
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
                if (kind != NodeKind.AdoNetState) options.GrainStorageSerializer = new Orleans.Storage.OrleansGrainStorageSerializer(serializer);
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
