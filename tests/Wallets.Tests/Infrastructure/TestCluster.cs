using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.TestingHost;
using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Ledger.Audit;
using Xunit;

namespace Wallets.Tests.Infrastructure;

/// <summary>Silos in this process on a real database. Two of them on one database are two clusters that know nothing of each other.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;

    private TestCluster(InProcessTestCluster cluster, ILedger ledger) => (_cluster, Ledger) = (cluster, ledger);

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>A connection of the test's own, beside the silos'.</summary>
    public ILedger Ledger { get; }

    public static async Task<TestCluster> Start(TestDatabase database, Action<GrainsOptions>? configure = null, short silos = 1, Func<ILedger, ILedger>? wrap = null, Action<IServiceCollection>? add = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ServiceId = "wallets";
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddWalletsGrains(_ => wrap is null ? database.Connect() : wrap(database.Connect()), database.State);
            add?.Invoke(silo.Services);
            silo.Services.Configure<GrainsOptions>(options =>
            {
                options.AllowDevPayments = true;
                options.Hold = TimeSpan.Zero;
                options.Payouts.MinimumDiamonds = 1;
                options.Payouts.RequireProfile = false;
                options.SettlementGrace = TimeSpan.FromMilliseconds(200);
                configure?.Invoke(options);
            });
        });
        builder.ConfigureSiloHost((_, host) => host.Logging.SetMinimumLevel(LogLevel.Warning));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new TestCluster(cluster, database.Connect());
    }

    public T Service<T>() where T : notnull => _cluster.GetSiloServiceProvider().GetRequiredService<T>();

    public Task Deactivate(IAddressable grain) => _cluster.DeactivateAsync(grain);

    /// <summary>Waits until every gift is settled, and audits.</summary>
    public async Task IsClean()
    {
        var report = await Eventually.Is(() => new LedgerAudit(Ledger, TimeProvider.System).Run(TimeSpan.FromSeconds(30)), report => report.InFlight == 0);
        Assert.Empty(report.Violations);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await ((IAsyncDisposable)Ledger).DisposeAsync();
    }

    public Caller Viewer(string name) => new(name, Roles.Viewer);
    public Caller Creator(string name) => new(name, Roles.Creator);

    public Task<Outcome<Purchase>> Buy(string viewer, string pack = "coins-330", Guid? key = null, string? proof = null, Caller? caller = null) =>
        Grains.GetGrain<IPurchaseGrain>(viewer).Purchase(caller ?? Viewer(viewer), new PurchaseOrder(key ?? Some.Key(), pack, "dev", proof ?? $"dev:{Guid.NewGuid()}"));

    public async Task<Guid> GoLive(string creator)
    {
        var started = await Grains.GetGrain<IStreamGrain>(Some.Key()).Start(Creator(creator), creator, "A stream");
        return started.Value!.StreamId;
    }

    public Task<Outcome<GiftReceipt>> Send(string viewer, Guid stream, string gift = "rose", int quantity = 1, Guid? key = null) =>
        Grains.GetGrain<IWalletGrain>(viewer).SendGift(Viewer(viewer), new GiftOrder(key ?? Some.Key(), stream, gift, quantity));

    public async Task<long> Coins(string viewer) => (await Grains.GetGrain<IWalletGrain>(viewer).GetBalance(Viewer(viewer))).Value!.Coins.Value;

    public async Task<DiamondsByState> Diamonds(string creator) => (await Grains.GetGrain<IEarningsGrain>(creator).GetBalance(Creator(creator))).Value!.Diamonds;
}
