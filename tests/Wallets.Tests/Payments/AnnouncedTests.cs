using Wallets.Grains;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Purchases that a store tells of while the app that made them is silent, late, or asks at the same time.</summary>
public sealed class AnnouncedTests(Databases databases)
{
    private static readonly CoinPack Pack = Defaults.Packs.Single(pack => pack.Id == "coins-330");

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_purchase_that_only_Apple_tells_of_becomes_coins_and_the_app_gets_the_same_when_it_comes(Engine engine)
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(engine, apple: store.Options);
        await cluster.Coins("ann");   // as an app does before it sells
        var proof = store.Transaction("ann", "coins-330");

        await Tell(cluster, Charged(store, proof));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
        await Tell(cluster, Charged(store, proof));
        var (key, later) = (Some.Key(), new List<Outcome<Purchase>>());
        for (var i = 0; i < 2; i++) later.Add(await StoreTests.Buy(cluster, "ann", "apple", proof, key));
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Done));

        Assert.All(later, purchase => Assert.Equal((330L, true), (purchase.Value!.Coins.Value, purchase.Replayed)));
        await MintedOnce(cluster);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_purchase_that_only_Google_tells_of_becomes_coins_and_is_consumed(Engine engine)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(engine, google: play.Options);
        await cluster.Coins("ann");
        var token = play.SellMany("ann", "coins-330", 2);

        await Tell(cluster, Pushed(PlayStore.Announced(token, "coins-330")));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 660);
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
        var later = await StoreTests.Buy(cluster, "ann", "google", token);

        Assert.Equal((660L, true), (later.Value!.Coins.Value, later.Replayed));
        await MintedOnce(cluster);
    }

    [Fact]
    public async Task A_store_that_hears_of_users_by_their_ids_needs_no_visit_of_theirs()
    {
        var store = new AppStore(databases.NewFolder());
        var options = store.Options;
        options.AccountNaming = AccountNaming.UserId;
        await using var cluster = await Start(Engine.Sqlite, apple: options);

        await Tell(cluster, Charged(store, store.Transaction("ann", "coins-330", change: fields => fields["appAccountToken"] = "ann")));
        await Tell(cluster, Charged(store, store.Transaction("ann", "coins-330", "2000000002", change: fields => fields["appAccountToken"] = "no id/../of anybody")));

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Exists(item => item is { Status: NotificationView.Waiting, Detail: null, Attempts: 0 }));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task The_app_and_its_store_at_once_mint_once(Engine engine)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(engine, google: play.Options);
        await cluster.Coins("ann");

        for (var round = 1; round <= 5; round++)
        {
            var token = play.Sell("ann", "coins-330");
            var telling = Enumerable.Range(0, 3).Select(_ => Tell(cluster, Pushed(PlayStore.Announced(token, "coins-330")))).ToList();
            var buying = Enumerable.Range(0, 3).Select(_ => StoreTests.Buy(cluster, "ann", "google", token)).ToList();
            await Task.WhenAll(telling);
            var outcomes = await Task.WhenAll(buying);

            Assert.Single(outcomes.Select(outcome => outcome.Value!).Distinct());
            await Eventually.Is(() => NotificationTests.Items(cluster), items => items.TrueForAll(item => item.Status == NotificationView.Done));
            Assert.Equal(round * 330, await cluster.Coins("ann"));
        }
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 5);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Whose_user_or_pack_cannot_be_told_is_shown_to_operators_and_becomes_coins_once_it_can()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(Engine.Postgres, apple: store.Options, configure: options =>
            options.Notifications.PatienceWithApps = options.Notifications.SlowRetry = TimeSpan.FromMilliseconds(200));

        await Tell(cluster, Charged(store, store.Transaction("ann", "coins-330"), "of-a-stranger"));
        await Tell(cluster, Charged(store, store.Transaction("ann", "no-pack", "2000000002"), "of-no-pack"));
        await Tell(cluster, Charged(store, store.Transaction("ann", "web-87", "2000000003"), "of-another-channels-pack"));
        await Tell(cluster, Charged(store, store.Transaction("ann", "coins-330", "2000000004", change: fields => fields["appAccountToken"] = null), "of-nobody"));
        var open = await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 4 && items.TrueForAll(item => item.Status == NotificationView.Open));
        await cluster.Coins("ann");
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Exists(item => item is { Id: "of-a-stranger", Status: NotificationView.Done }));

        Assert.All(open, item => Assert.Equal("payment_not_claimed", item.Code));
        Assert.Equal(330, await cluster.Coins("ann"));
        Assert.Equal(3, (await NotificationTests.Items(cluster)).Count(item => item.Status == NotificationView.Open));
    }

    [Fact]
    public async Task What_does_not_count_when_an_app_brings_it_does_not_count_when_the_store_tells_it()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(Engine.Sqlite, google: play.Options);
        await cluster.Coins("ann");
        var (refunded, cancelled) = (play.Sell("ann", "coins-330"), play.Sell("ann", "coins-330", purchase => purchase["purchaseState"] = 1));
        var (pending, tester) = (play.Sell("ann", "coins-330", purchase => purchase["purchaseState"] = 2), play.Sell("ann", "coins-330", purchase => purchase["purchaseType"] = 0));

        await Tell(cluster, Pushed(PlayStore.Voided(refunded, "voided")));
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        foreach (var (token, id) in new[] { (refunded, "refunded"), (cancelled, "cancelled"), (pending, "pending"), (tester, "tester") })
            await Tell(cluster, Pushed(PlayStore.Announced(token, "coins-330", id)));
        var items = await Eventually.Is(() => NotificationTests.Items(cluster), items =>
            items.Where(item => item.Status == NotificationView.Done).Select(item => item.Id).Order().SequenceEqual(["cancelled", "refunded", "voided"]) && items.Exists(item => item.Status == NotificationView.Open));

        Assert.Equal(("tester", Refusal.WrongEnvironment), items.Where(item => item.Status == NotificationView.Open).Select(item => (item.Id, item.Code)).Single());
        Assert.Equal(0, await cluster.Coins("ann"));
        play.Purchases[pending]["purchaseState"] = 0;
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
    }

    [Fact]
    public async Task What_was_told_before_the_silo_died_is_minted_by_the_next()
    {
        var store = new AppStore(databases.NewFolder());
        var database = await databases.Create(Engine.Postgres);
        await using (var before = await Start(database, apple: store.Options))
        {
            await before.Coins("ann");
            await Eventually.Is(() => before.Service<IGrainFactory>().GetGrain<IPayerGrain>(AccountToken.Of("ann", AccountNaming.Uuid5)).Find(), user => user == "ann");
        }
        await using (var inbox = new Inbox(database.State))
        {
            var now = TimeProvider.System.GetUtcNow();
            await inbox.Store(new InboxItem("apple", "n-1", InboxItem.Notification, store.Notification("ONE_TIME_CHARGE", store.Transaction("ann", "coins-330")), now, NotificationView.Waiting, 0, now, null, null));
        }

        await using var next = await Start(database, apple: store.Options);

        await Eventually.Is(() => NotificationTests.Items(next), items => items is [{ Status: NotificationView.Done }]);
        Assert.Equal(330, await next.Coins("ann"));
        await MintedOnce(next);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_silo_that_dies_after_the_claim_or_after_the_commit_leaves_it_to_the_inbox(bool hasCommitted)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(Engine.Postgres, google: play.Options);
        await cluster.Coins("ann");
        var token = play.Sell("ann", "coins-330");
        var payment = new Payment("google", token);
        var order = new PurchaseOrder(DerivedKey.Of("purchase", "google", token), Pack.Id, "google", token);
        var grains = cluster.Service<IGrainFactory>();

        // What a silo leaves that is killed while it handles the notification.
        var claimed = await grains.GetGrain<IReceiptGrain>($"google:{token}").Claim(payment, "ann", order, Pack);
        if (hasCommitted) await grains.GetGrain<IMint>("ann").Mint(order, claimed.Value!, Pack);
        await Tell(cluster, Pushed(PlayStore.Announced(token, "coins-330")));

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Done));
        await MintedOnce(cluster);
    }

    private async Task<TestCluster> Start(Engine engine, AppleOptions? apple = null, GoogleOptions? google = null, Action<GrainsOptions>? configure = null) =>
        await Start(await databases.Create(engine), apple, google, configure);

    private static Task<TestCluster> Start(TestDatabase database, AppleOptions? apple = null, GoogleOptions? google = null, Action<GrainsOptions>? configure = null) => TestCluster.Start(database, options =>
    {
        (options.Channels.Apple, options.Channels.Google) = (apple, google);
        options.Notifications.FirstRetry = options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(100);
        configure?.Invoke(options);
    });

    private static Delivery Charged(AppStore store, string proof, string? id = null) => new("apple", store.Notification("ONE_TIME_CHARGE", proof, id), [], null);

    private static Delivery Pushed(string body) => new("google", body, [], PlayStore.PushSecret);

    private static async Task Tell(TestCluster cluster, Delivery delivery) => Assert.True((await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(delivery)).IsOk);

    private static async Task MintedOnce(TestCluster cluster)
    {
        var account = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        Assert.Single(await cluster.Ledger.Read(account, 0, 10));
        await cluster.IsClean();
    }
}
