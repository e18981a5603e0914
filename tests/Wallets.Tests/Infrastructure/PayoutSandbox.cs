using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Server.Hosting;
using Wallets.Server.Payouts;
using Xunit;

namespace Wallets.Tests.Infrastructure;

/// <summary>The sandbox of a payout provider, in a process of its own, as <c>Wallets.Server sandbox-payouts</c> runs it.</summary>
public sealed class PayoutSandbox(Databases databases) : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private ServerProcess _process = null!;

    public string Url => _process.Url;

    public async ValueTask InitializeAsync()
    {
        _process = ServerProcess.Start(databases.NewFolder(), ["sandbox-payouts"]);
        await _process.IsReady();
        _http.BaseAddress = new Uri(_process.Url);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    internal async Task Behave(SandboxBehaviour? behaviour = null) => (await _http.PutAsJsonAsync("/control/behaviour", behaviour ?? new())).EnsureSuccessStatusCode();

    internal async Task<SandboxTransfer[]> TransfersTo(params string[] accounts) =>
        [.. (await _http.GetFromJsonAsync<SandboxTransfer[]>("/control/transfers"))!.Where(transfer => accounts.Contains(transfer.Account))];

    public async Task<int> OrdersReceived() => await _http.GetFromJsonAsync<int>("/control/orders");

    /// <summary>A cluster whose payouts go to this sandbox, with little patience.</summary>
    internal async Task<TestCluster> Cluster(
        TestDatabase database, Action<PayoutOptions>? configure = null, Func<ILedger, ILedger>? wrap = null, Action<IServiceCollection>? add = null, SandboxBehaviour? behaviour = null)
    {
        await Behave(behaviour);
        return await TestCluster.Start(database, options => Hurry(options, configure), wrap: wrap, add: services =>
        {
            HttpPayoutProvider.AddTo(services, new PayoutProviderSettings { Url = Url, Timeout = TimeSpan.FromSeconds(1) });
            add?.Invoke(services);
        });
    }

    internal static void Hurry(GrainsOptions options, Action<PayoutOptions>? configure = null)
    {
        options.Payouts.AskAgainAfter = TimeSpan.FromMilliseconds(50);
        options.Payouts.AskAtMostEvery = TimeSpan.FromMilliseconds(200);
        options.Payouts.ResubmitAfter = TimeSpan.FromMilliseconds(300);
        configure?.Invoke(options.Payouts);
    }
}

internal static class PayoutSteps
{
    public static Caller Operator(string name = "olga") => new(name, Roles.Operator);

    /// <summary>A creator with so many diamonds that are available, under a name of its own.</summary>
    public static async Task<string> CreatorWith(this TestCluster cluster, int diamonds)
    {
        var (creator, viewer) = ($"cleo-{Guid.NewGuid():N}", $"ann-{Guid.NewGuid():N}");
        for (var coins = 0; coins < 2 * diamonds; coins += 330) await cluster.Buy(viewer);
        var stream = await cluster.GoLive(creator);
        for (var left = 2 * diamonds; left > 0; left -= 9_999)
            Assert.True((await cluster.Send(viewer, stream, "rose", Math.Min(left, 9_999))).IsOk);
        // A rose of one coin is rounded up by itself, a bunch of them is not.
        await Eventually.Is(() => cluster.Diamonds(creator), held => held.Available.Value >= diamonds);
        return creator;
    }

    public static Task<Outcome<Payout>> CashOut(this TestCluster cluster, string creator, long diamonds, Guid? key = null) =>
        cluster.Grains.GetGrain<IEarningsGrain>(creator).RequestPayout(cluster.Creator(creator), key ?? Some.Key(), new(diamonds));

    public static async Task<Payout> PayoutOf(this TestCluster cluster, string creator, Guid key) =>
        (await cluster.Grains.GetGrain<IEarningsGrain>(creator).GetPayout(cluster.Creator(creator), key)).Value!;

    public static Task<Payout> PayoutIs(this TestCluster cluster, string creator, Guid key, string status) =>
        Eventually.Is(() => cluster.PayoutOf(creator, key), payout => payout.Status == status);

    public static IPayoutGrain Case(this TestCluster cluster, string creator, Guid key) => cluster.Grains.GetGrain<IPayoutGrain>(key, creator);

    public static async Task<PayoutCase> CaseOf(this TestCluster cluster, string creator, Guid key) => (await cluster.Case(creator, key).GetCase(Operator())).Value!;

    public static async Task<PayoutCase[]> Queue(this TestCluster cluster, string? status = null) =>
        (await cluster.Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key).GetOpen(Operator(), status, null, 500)).Value!.Items;
}
