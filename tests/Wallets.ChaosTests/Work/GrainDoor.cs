using System.Globalization;
using Orleans.Configuration;
using Wallets.ChaosTests.Cluster;

namespace Wallets.ChaosTests.Work;

/// <summary>Grain calls, as a .NET front end makes them: through <see cref="WalletsClient"/>, which retries by itself.</summary>
internal sealed class GrainDoor : IDoor, IAsyncDisposable
{
    private readonly IHost _host;
    private readonly WalletsClient _wallets;

    private GrainDoor(IHost host) => (_host, _wallets) = (host, host.Services.GetRequiredService<WalletsClient>());

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<GrainDoor> Open(ChaosCluster cluster)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddWalletsClient(client =>
        {
            client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("wallets", "wallets"));
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", cluster.GatewayConnection));
        });
        var host = builder.Build();
        await host.StartAsync();
        return new GrainDoor(host);
    }

    public Task<Answer> Purchase(string user, Guid key, string channel, string pack, string proof) =>
        Ask(async () => await _wallets.Purchase(Viewer(user), user, new PurchaseOrder(key, pack, channel, proof)), purchase => purchase.Balance.Value);

    public Task<Answer> SendGift(string user, Guid key, Guid stream, string gift, int quantity) =>
        Ask(async () => await _wallets.SendGift(Viewer(user), user, new GiftOrder(key, stream, gift, quantity)), receipt => receipt.Balance.Value);

    public Task<Answer> RequestPayout(string creator, Guid key, long diamonds) =>
        Ask(async () => await _wallets.RequestPayout(new Caller(creator, Roles.Creator), creator, key, new Diamonds(diamonds)), _ => null);

    public async Task<Answer> Ask(Guid key, Order order)
    {
        var act = Grains.GetGrain<IActGrain>(key);
        ActView? view = null;
        var campaign = order.Campaign is { } terms ? new Campaign(terms.Id, new(terms.CoinsEach), new(terms.Budget), terms.EndsAt, terms.BonusDays) : null;
        var answer = await Ask(
            async () => await act.Ask(new Caller(HttpDoor.Operator, Roles.Operator), new ActOrder(order.Kind, order.Subject, order.Reason, order.Amount, order.Standing, order.Purchase, order.BasisPoints, Campaign: campaign)),
            asked => { view = asked; return null; });
        if (view?.Status == ActView.AwaitingApproval) answer = await Ask(async () => await act.Approve(new Caller(HttpDoor.Approver, Roles.Operator)), approved => { view = approved; return null; });
        return view is null || answer.End is not End.Ok ? answer : HttpDoor.EndOf(view.Status, view.Result);
    }

    public Task<Answer> Grant(string campaign, string user) =>
        Ask(async () => await Grains.GetGrain<ICampaignGrain>(campaign).Grant(new Caller(HttpDoor.Operator, Roles.Operator), user), granted => granted.Balance.Value);

    public Task<Answer> Tell(string body) =>
        Ask(async () => await Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(new Delivery("web", body, new() { [Checkout.Header] = Checkout.Sign(body) }, null)), _ => null);

    /// <summary>Whose wallets the silo at this port holds now, or null if that cannot be told.</summary>
    public async Task<IReadOnlySet<string>?> WalletsOn(int siloPort)
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        DetailedGrainStatistic[] all;
        try
        {
            all = await management.GetDetailedGrainStatistics();
        }
        catch (Exception fault) when (fault is TimeoutException or OrleansException)
        {
            return null;
        }
        return all.Where(grain => grain.SiloAddress.Endpoint.Port == siloPort && grain.GrainId.Type.ToString()!.Contains("wallet", StringComparison.OrdinalIgnoreCase))
            .Select(grain => grain.GrainId.Key.ToString()!).ToHashSet();
    }

    private static Caller Viewer(string user) => new(user, Roles.Viewer);

    private static async Task<Answer> Ask<T>(Func<Task<Outcome<T>>> call, Func<T, long?> balanceOf) where T : class
    {
        try
        {
            var outcome = await call();
            return outcome.IsOk ? new(End.Ok, "", balanceOf(outcome.Value)) : new(End.Refused, outcome.Refusal.Code);
        }
        catch (Exception fault) when (fault is UnavailableException or OverloadedException)
        {
            return new(null, "grain_unavailable");   // nothing was written
        }
        catch (Exception fault)
        {
            return new(End.Unknown, string.Create(CultureInfo.InvariantCulture, $"grain_{fault.GetType().Name}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
