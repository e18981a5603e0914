using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Apple asks, before it decides about a refund, how much of the purchase is spent.</summary>
public sealed class ConsumptionTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Apple_is_told_how_much_of_that_purchase_is_spent(Engine engine)
    {
        var store = new AppStore(databases.NewFolder());
        await using var server = await AppStoreServer.Start(databases);
        await using var cluster = await Start(engine, store, server);
        var stream = await cluster.GoLive("cleo");
        foreach (var id in new[] { "2000000001", "2000000002" }) await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330", id));

        await Ask(cluster, store, "2000000001", "n-1");
        await Eventually.Is(() => Task.FromResult(server.Told.Count), told => told == 1);
        await cluster.Send("ann", stream, "smile", 33);   // 165 coins
        await Ask(cluster, store, "2000000001", "n-2");
        await Eventually.Is(() => Task.FromResult(server.Told.Count), told => told == 2);
        await cluster.Send("ann", stream, "smile", 33);
        await Ask(cluster, store, "2000000001", "n-3");
        await Ask(cluster, store, "2000000002", "n-4");

        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 4 && items.TrueForAll(item => item.Status == NotificationView.Done));
        Assert.Equal([("2000000001", 0), ("2000000001", 50_000), ("2000000001", 100_000), ("2000000002", 0)], server.Told.Order());
    }

    [Fact]
    public async Task Apple_is_told_later_if_it_does_not_answer()
    {
        var store = new AppStore(databases.NewFolder());
        await using var server = await AppStoreServer.Start(databases);
        await using var cluster = await Start(Engine.Sqlite, store, server);
        await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330"));
        server.FailNext = 7;   // the first attempt with its retries, and the second, and a part of the third

        await Ask(cluster, store, "2000000001", "n-1");

        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        Assert.Equal([("2000000001", 0)], server.Told);
    }

    [Fact]
    public async Task What_Apple_does_not_take_and_what_nobody_got_coins_for_is_a_persons_to_answer()
    {
        var store = new AppStore(databases.NewFolder());
        await using var server = await AppStoreServer.Start(databases);
        await using var cluster = await Start(Engine.Sqlite, store, server);
        await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330"));
        (server.FailWith, server.FailNext) = (400, 1);

        await Ask(cluster, store, "2000000001", "refused");
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Open }]);
        await Ask(cluster, store, "2000000002", "unclaimed");
        var items = await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Open));

        Assert.All(items, item => Assert.Equal("consumption_request", item.Code));
        Assert.Empty(server.Told);
    }

    private async Task<TestCluster> Start(Engine engine, AppStore store, AppStoreServer server) => await TestCluster.Start(await databases.Create(engine), options =>
    {
        options.Channels.Apple = store.Options;
        options.Channels.Apple.Server = server.Options;
        options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
    });

    private static async Task Ask(TestCluster cluster, AppStore store, string transaction, string id) => Assert.True((await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key)
        .Receive(new("apple", store.Notification("CONSUMPTION_REQUEST", store.Transaction("ann", "coins-330", transaction), id), [], null))).IsOk);
}
