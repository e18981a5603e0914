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

    public Task<Answer> Purchase(string user, Guid key, string pack, string proof) =>
        Ask(async () => await _wallets.Purchase(Viewer(user), user, new PurchaseOrder(key, pack, "dev", proof)), purchase => purchase.Balance.Value);

    public Task<Answer> SendGift(string user, Guid key, Guid stream, string gift, int quantity) =>
        Ask(async () => await _wallets.SendGift(Viewer(user), user, new GiftOrder(key, stream, gift, quantity)), receipt => receipt.Balance.Value);

    public Task<Answer> RequestPayout(string creator, Guid key, long diamonds) =>
        Ask(async () => await _wallets.RequestPayout(new Caller(creator, Roles.Creator), creator, key, new Diamonds(diamonds)), _ => null);

    public async Task<Answer> Refund(string user, Guid key, Guid purchase)
    {
        var order = new ActOrder(ActKinds.Refund, user, "Chaos", Purchase: purchase, BasisPoints: 10_000);
        var act = _host.Services.GetRequiredService<IGrainFactory>().GetGrain<IActGrain>(key);
        ActView? view = null;
        var answer = await Ask(async () => await act.Ask(new Caller(HttpDoor.Operator, Roles.Operator), order), asked => { view = asked; return null; });
        return view is null ? answer : HttpDoor.EndOf(view.Status, view.Result);
    }

    /// <summary>Whose wallets the silo at this port holds now, or null if that cannot be told.</summary>
    public async Task<IReadOnlySet<string>?> WalletsOn(int siloPort)
    {
        var management = _host.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
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
