using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>This system, called as a .NET front end calls it: an Orleans client with <see cref="WalletsClient"/> in this process, silos in theirs.</summary>
internal sealed class OursByGrains(int silos, long historyEntries = 0, int gateways = 0) : IContender
{
    private const int AtOnce = 64;
    private const int MostAttempts = 10;
    private WalletsCluster? _cluster;
    private OurLedger? _ledger;
    private IHost? _client;
    private WalletsClient? _wallets;
    private Guid[] _streams = [];
    private Caller[] _callers = [];
    private string[] _names = [];
    private long _acknowledged;

    public string Name => silos == 1 ? Names.Ours : $"ours_{silos}_silos";
    public string Description => $"this system by grain calls, {silos} silo{(silos == 1 ? "" : "s")}";
    public int GiftsPerSend => 1;
    public IReadOnlyList<int> Levels => [64, 256, 1_024, 2_048, 4_096, 8_192];
    public PostgresServer Postgres => _cluster!.Postgres;
    public IReadOnlyDictionary<string, int> Pids => _cluster!.Pids;
    public OurLedger Ledger => _ledger!;
    public IGrainFactory Grains => _client!.Services.GetRequiredService<IGrainFactory>();

    public Uri GatewayUrl => _cluster!.GatewayUrl;

    /// <summary>Gifts acknowledged since it was prepared.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    public Guid StreamOf(int creator) => _streams[creator];

    /// <summary>Whether <see cref="Prepare"/> activates the wallets; a part that measures activation does that itself.</summary>
    public bool ActivatesWallets { get; init; } = true;

    public async Task Prepare(Population population)
    {
        _cluster = await WalletsCluster.Start(silos, gateways);
        _ledger = new OurLedger(Postgres, population);
        await _ledger.Seed(historyEntries);
        _client = await Connect(_cluster.GatewayConnectionString);
        _wallets = _client.Services.GetRequiredService<WalletsClient>();
        _names = [.. Enumerable.Range(0, population.Wallets).Select(OurLedger.WalletName)];
        _callers = [.. _names.Select(name => new Caller(name, Roles.Viewer))];
        _streams = new Guid[population.Creators];
        await Concurrently.ForEach(population.Creators, AtOnce, async creator =>
        {
            var name = OurLedger.CreatorName(creator);
            var started = await WhenAvailable(() => Grains.GetGrain<IStreamGrain>(Guid.CreateVersion7()).Start(new Caller(name, Roles.Creator), name, "Live"));
            _streams[creator] = started.Value!.StreamId;
        });
        if (ActivatesWallets) await Concurrently.ForEach(population.Wallets, AtOnce, wallet => WhenAvailable(async () => { await Activate(wallet); return true; }));
    }

    public async Task Activate(int wallet)
    {
        var balance = await Grains.GetGrain<IWalletGrain>(_names[wallet]).GetBalance(_callers[wallet]);
        if (balance.Value!.Coins.Value == 0) throw new InvalidOperationException($"Wallet {wallet} is not funded.");
    }

    public async Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        var outcome = await Ask(gifts.Span[0]);
        if (!outcome.IsOk || outcome.Replayed) throw new InvalidOperationException($"A gift was not taken: {outcome.Refusal?.Code ?? "replayed"}");
        Interlocked.Increment(ref _acknowledged);
    }

    /// <summary>Sends a gift whose key has been used; throws unless the first answer comes back.</summary>
    public async Task Replay(DrawnGift gift)
    {
        var outcome = await Ask(gift);
        if (!outcome.Replayed) throw new InvalidOperationException($"An old key was not recognised: {outcome.Refusal?.Code}");
    }

    private Task<Outcome<GiftReceipt>> Ask(DrawnGift gift) =>
        _wallets!.SendGift(_callers[gift.Wallet], _names[gift.Wallet], new GiftOrder(gift.Key, _streams[gift.Creator], OurLedger.GiftId, 1));

    public Task Settle() => OurSettlement.Await(_ledger!, () => Volatile.Read(ref _acknowledged));

    /// <summary>Collects the silos' garbage, twice: the second time takes what the first one's finalizers let go.</summary>
    public async Task CollectGarbage()
    {
        for (var i = 0; i < 2; i++) await Grains.GetGrain<IManagementGrain>(0).ForceGarbageCollection([]);
    }

    /// <summary>Bytes of the silos' managed heaps.</summary>
    public async Task<long> HeapBytes()
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        var statistics = await management.GetRuntimeStatistics([.. (await management.GetHosts(onlyActive: true)).Keys]);
        return statistics.Sum(silo => silo.EnvironmentStatistics.RawMemoryUsageBytes);
    }

    /// <summary>A cold silo on a busy machine may say that its database does not answer; before anything is measured, it is asked again.</summary>
    private static async Task<T> WhenAvailable<T>(Func<Task<T>> ask)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (Exception fault) when (fault is UnavailableException or TimeoutException && attempt < MostAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt));
            }
        }
    }

    private static async Task<IHost> Connect(string connectionString)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddWalletsClient(client =>
        {
            client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("wallets", "wallets"));
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", connectionString));
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
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}

/// <summary>Waiting until what our ledger acknowledged is credited as well.</summary>
internal static class OurSettlement
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static async Task Await(OurLedger ledger, Func<long> acknowledged)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var credited = await ledger.CountCredited();
            if (credited >= acknowledged()) return;
            if (TimeProvider.System.GetElapsedTime(startedAt) > Patience) throw new TimeoutException($"Only {credited} of {acknowledged()} gifts are credited after {Patience}.");
            await Task.Delay(Pause);
        }
    }
}
