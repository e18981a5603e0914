using Wallets.Grains.Payments;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>What stores and checkouts tell us: stored first, handled once, in any order, and shown to operators where a person is needed.</summary>
public sealed class NotificationTests(Databases databases)
{
    private static readonly Caller Operator = new("olga", Roles.Operator);

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_web_payment_becomes_coins_by_itself_and_once_however_often_it_is_told(Engine engine)
    {
        await using var cluster = await Start(engine);
        var body = Checkout.Paid("pay-1", "ann");

        var receipts = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Tell(cluster, Checkout.Deliver(body))));
        await Tell(cluster, Checkout.Deliver(Checkout.Paid("pay-1", "ann")));   // the same payment by another event
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 87);
        await Eventually.Is(() => Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Done));
        var byApp = await StoreTests.Buy(cluster, "ann", "web", Checkout.Proof(body), pack: "web-87");

        Assert.Single(receipts.Select(receipt => receipt.Value).Distinct());
        Assert.True(byApp.Replayed);
        Assert.Equal(87, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task What_a_silo_stored_before_it_died_is_handled_by_the_next()
    {
        var database = await databases.Create(Engine.Postgres);
        await using (var inbox = new Inbox(database.State))
        {
            var now = TimeProvider.System.GetUtcNow();
            await inbox.Store(new InboxItem("web", "evt-1", InboxItem.Notification, Checkout.Paid("pay-1", "ann"), now, NotificationView.Waiting, 0, now, null, null));
        }

        await using var cluster = await Start(database);

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 87);
    }

    [Theory]
    [InlineData("web-87", 98, "USD", Refusal.WrongAmount)]
    [InlineData("web-87", 99, "EUR", Refusal.WrongCurrency)]
    [InlineData("web-1", 99, "USD", Refusal.UnknownPack)]
    [InlineData("coins-65", 99, "USD", Refusal.UnknownPack)]
    public async Task A_payment_that_fits_no_pack_mints_nothing_and_is_shown_to_operators(string pack, long amount, string currency, string code)
    {
        await using var cluster = await Start(Engine.Sqlite);

        await Tell(cluster, Checkout.Deliver(Checkout.Paid("pay-1", "ann", pack, amount, currency)));

        await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Open } item] && item.Code == code);
        Assert.Equal(0, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task Only_what_the_channel_signed_just_now_is_taken()
    {
        await using var cluster = await Start(Engine.Sqlite);
        var now = TimeProvider.System.GetUtcNow();
        var body = Checkout.Paid("pay-1", "ann");

        var codes = new List<string?>();
        foreach (var signature in new[]
        {
            Checkout.Sign(body, now.AddMinutes(-6)), Checkout.Sign(body, now.AddMinutes(6)), Checkout.Sign(body, now, "some-other-secret"),
            "", "t=,v1=", "v1=00", $"t={now.ToUnixTimeSeconds()},v1=zz", Checkout.Sign(body + " "), $"t=99999999999999,v1={new string('0', 64)}",
        })
            codes.Add((await Tell(cluster, Checkout.Deliver(body, signature))).Refusal?.Code);
        var rotated = await Tell(cluster, Checkout.Deliver(body, Checkout.Sign(body, now.AddMinutes(-4), "some-other-secret", Checkout.OldSecret)));
        var malformed = await Tell(cluster, Checkout.Deliver("[]"));

        Assert.Equal([Refusal.SignatureExpired, Refusal.SignatureExpired, .. Enumerable.Repeat(Refusal.InvalidSignature, 7)], codes);
        Assert.True(rotated.IsOk);
        Assert.Equal(Refusal.InvalidNotification, malformed.Refusal?.Code);
        Assert.Single(await Items(cluster));
    }

    [Fact]
    public async Task What_is_not_known_is_stored_answered_and_shown_to_operators_who_close_it()
    {
        await using var cluster = await Start(Engine.Postgres);
        var inbox = cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key);

        await Tell(cluster, Checkout.Deliver(Checkout.Event("payment.blessed", new { paymentId = "pay-1" }, "evt-1")));
        await Tell(cluster, Checkout.Deliver(Checkout.Event("payment.refunded", new { paymentId = "pay-1" }, "evt-2")));
        await Tell(cluster, Checkout.Deliver(Checkout.Event("dispute.won", new { paymentId = "pay-1", amountMinor = -5 }, "evt-3")));
        await Eventually.Is(() => Items(cluster), items => items.Count == 3 && items.TrueForAll(item => item.Status == NotificationView.Open));
        var first = await inbox.GetPage(Operator, NotificationView.Open, null, 2);
        var second = await inbox.GetPage(Operator, NotificationView.Open, first.Value!.Next, 2);
        var closed = await inbox.Close(Operator, "web", "evt-1", "asked the checkout");
        var retried = await inbox.Retry(Operator, "web", "evt-2");

        Assert.Equal(["evt-1", "evt-2", "evt-3"], first.Value.Items.Concat(second.Value!.Items).Select(item => item.Id));
        Assert.Equal([Refusal.UnknownNotificationType, Refusal.InvalidNotification, Refusal.InvalidNotification], first.Value.Items.Concat(second.Value.Items).Select(item => item.Code));
        Assert.StartsWith("Closed by olga: asked the checkout", closed.Value!.Detail, StringComparison.Ordinal);
        Assert.Equal(NotificationView.Waiting, retried.Value!.Status);
        Assert.Contains("payment.blessed", (await inbox.Get(Operator, "web", "evt-1")).Value!.Body, StringComparison.Ordinal);
        Assert.Equal(Refusal.UnknownNotification, (await inbox.Get(Operator, "web", "evt-9")).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await inbox.GetPage(cluster.Viewer("ann"), null, null, 10)).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await inbox.Close(cluster.Viewer("ann"), "web", "evt-1", "x")).Refusal?.Code);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_refund_takes_the_coins_back_and_its_reversal_returns_them(Engine engine)
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(engine, store);
        await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330"));
        var at = TimeProvider.System.GetUtcNow();
        var refunded = store.Notification("REFUND", Revoked(store, at), at: at);

        await Tell(cluster, new("apple", refunded, [], null));
        await Tell(cluster, new("apple", refunded, [], null));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 0);
        await Tell(cluster, new("apple", store.Notification("REFUND_REVERSED", store.Transaction("ann", "coins-330"), at: at.AddHours(1)), [], null));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
        await Tell(cluster, new("apple", store.Notification("REFUND", Revoked(store, at.AddHours(2)), at: at.AddHours(2)), [], null));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 0);

        await Eventually.Is(() => Items(cluster), items => items.Count == 3 && items.TrueForAll(item => item.Status == NotificationView.Done));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_refund_that_comes_first_blocks_the_purchase_until_it_is_reversed()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(Engine.Postgres, store);
        var at = TimeProvider.System.GetUtcNow();
        var proof = store.Transaction("ann", "coins-330");

        await Tell(cluster, new("apple", store.Notification("REFUND", Revoked(store, at), at: at), [], null));
        await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        var blocked = await StoreTests.Buy(cluster, "ann", "apple", proof);
        await Tell(cluster, new("apple", store.Notification("REFUND_REVERSED", proof, at: at.AddHours(1)), [], null));
        await Eventually.Is(() => Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Done));
        var bought = await StoreTests.Buy(cluster, "ann", "apple", proof);

        Assert.Equal(Refusal.PaymentRefunded, blocked.Refusal?.Code);
        Assert.Equal(330, bought.Value!.Coins.Value);
        Assert.Equal(330, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_reversal_that_overtakes_its_refund_undoes_it_in_advance()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(Engine.Sqlite, store);
        await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330"));
        var at = TimeProvider.System.GetUtcNow();

        await Tell(cluster, new("apple", store.Notification("REFUND_REVERSED", store.Transaction("ann", "coins-330"), at: at.AddHours(1)), [], null));
        await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        await Tell(cluster, new("apple", store.Notification("REFUND", Revoked(store, at), at: at), [], null));
        await Eventually.Is(() => Items(cluster), items => items.Count == 2 && items.TrueForAll(item => item.Status == NotificationView.Done));

        Assert.Equal(330, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_part_that_is_refunded_first_is_taken_after_the_purchase()
    {
        await using var cluster = await Start(Engine.Postgres);

        await Tell(cluster, Checkout.Deliver(Checkout.Event("payment.refunded", new { paymentId = "pay-1", refundId = "r-1", amountMinor = 33 })));
        await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        await Tell(cluster, Checkout.Deliver(Checkout.Paid("pay-1", "ann")));

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 59);   // a third of 87 coins, in whole hundredths of a percent
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_dispute_freezes_the_wallet_and_a_won_one_gives_the_coins_back()
    {
        await using var cluster = await Start(Engine.Postgres);
        await StoreTests.Buy(cluster, "ann", "web", Checkout.Proof(Checkout.Paid("pay-1", "ann")), pack: "web-87");
        await StoreTests.Buy(cluster, "ann", "web", Checkout.Proof(Checkout.Paid("pay-2", "ann")), pack: "web-87");
        var stream = await cluster.GoLive("cleo");

        await Tell(cluster, Checkout.Deliver(Checkout.Event("dispute.opened", new { paymentId = "pay-1", disputeId = "d-1" })));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 87);
        var whileDisputed = await cluster.Send("ann", stream);
        await Tell(cluster, Checkout.Deliver(Checkout.Event("dispute.won", new { paymentId = "pay-1", disputeId = "d-1" })));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 174);
        await Tell(cluster, Checkout.Deliver(Checkout.Event("dispute.lost", new { paymentId = "pay-2", disputeId = "d-2" })));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 87);

        Assert.Equal(Refusal.WalletFrozen, whileDisputed.Refusal?.Code);
    }

    [Fact]
    public async Task Apple_asks_and_tells_what_only_a_person_can_answer()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(Engine.Sqlite, store);

        foreach (var type in new[] { "TEST", "CONSUMPTION_REQUEST", "REFUND_DECLINED", "RESCIND_CONSENT", "ONE_TIME_CHARGE" })
            await Tell(cluster, new("apple", store.Notification(type, type == "TEST" ? null : store.Transaction("ann", "coins-330"), $"n-{type}"), [], null));
        var items = await Eventually.Is(() => Items(cluster), items => items.Count == 5 && items.TrueForAll(item => item.Status != NotificationView.Waiting || item.Detail is null && item.Id == "n-ONE_TIME_CHARGE"));
        await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330"));

        Assert.Equal(
            [("n-CONSUMPTION_REQUEST", "consumption_request"), ("n-RESCIND_CONSENT", Refusal.UnknownNotificationType)],
            items.Where(item => item.Status == NotificationView.Open).Select(item => (item.Id, item.Code!)));
        await Eventually.Is(() => Items(cluster), all => all.Single(item => item.Id == "n-ONE_TIME_CHARGE").Status == NotificationView.Done);
    }

    [Fact]
    public async Task Google_pushes_are_believed_with_its_token_or_our_secret_and_voided_purchases_are_taken_back()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(await databases.Create(Engine.Postgres), options => options.Channels.Google = play.Options);
        var token = play.Sell("ann", "coins-330");
        var (test, voided) = (PlayStore.Push(new { testNotification = new { version = "1.0" } }, "1"), PlayStore.Voided(token, "2"));

        string?[] refused =
        [
            (await Tell(cluster, new("google", test, [], null))).Refusal?.Code,
            (await Tell(cluster, new("google", test, [], "a-wrong-secret"))).Refusal?.Code,
            (await Tell(cluster, new("google", test, Bearer(play.PushToken(audience: "https://other.example")), null))).Refusal?.Code,
            (await Tell(cluster, new("google", test, Bearer(play.PushToken(email: "other@example.com")), null))).Refusal?.Code,
            (await Tell(cluster, new("google", test, Bearer(play.PushToken() + "x"), null))).Refusal?.Code,
            (await Tell(cluster, new("google", test, Bearer(play.PushToken(age: TimeSpan.FromHours(2))), null))).Refusal?.Code,
            (await Tell(cluster, new("google", PlayStore.Push(new { }, package: "com.example.other"), [], PlayStore.PushSecret))).Refusal?.Code,
            (await Tell(cluster, new("google", "{}", [], PlayStore.PushSecret))).Refusal?.Code,
        ];
        Assert.True((await Tell(cluster, new("google", test, Bearer(play.PushToken()), null))).IsOk);
        await StoreTests.Buy(cluster, "ann", "google", token);
        Assert.True((await Tell(cluster, new("google", voided, [], PlayStore.PushSecret))).IsOk);
        await Tell(cluster, new("google", PlayStore.Push(new { pendingRefundReviewNotification = new { } }, "3"), [], PlayStore.PushSecret));

        Assert.Equal([.. Enumerable.Repeat(Refusal.InvalidSignature, 5), Refusal.SignatureExpired, Refusal.WrongApp, Refusal.InvalidNotification], refused);
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 0);
        await Eventually.Is(() => Items(cluster), items => items.Any(item => item is { Id: "3", Code: Refusal.UnknownNotificationType }));
    }

    [Fact]
    public async Task What_keeps_failing_is_shown_to_operators_and_still_tried()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(await databases.Create(Engine.Sqlite), options =>
        {
            options.Channels.Google = play.Options;
            options.Notifications = new() { FirstRetry = TimeSpan.FromMilliseconds(10), AttemptsBeforeOpen = 2, SlowRetry = TimeSpan.FromMilliseconds(500), CompleteAfter = TimeSpan.FromMilliseconds(100) };
        });
        (play.FailingPath, play.FailNext) = (":consume", int.MaxValue);
        await StoreTests.Buy(cluster, "ann", "google", play.Sell("ann", "coins-330"));

        var open = await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Open }]);
        play.FailNext = 0;
        await Eventually.Is(() => Items(cluster), items => items is [{ Status: NotificationView.Done }]);

        Assert.Equal("keeps_failing", open[0].Code);
        Assert.Single(play.Consumed);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task The_database_itself_keeps_what_was_told(Engine engine)
    {
        var database = await databases.Create(engine);
        await using var inbox = new Inbox(database.State);
        var item = new InboxItem("web", "evt-1", InboxItem.Notification, "as it came", TimeProvider.System.GetUtcNow(), NotificationView.Waiting, 0, TimeProvider.System.GetUtcNow(), null, null);

        Assert.True(await inbox.Store(item));
        Assert.False(await inbox.Store(item with { Body = "something else" }));
        await inbox.Update(item with { Body = "something else", Status = NotificationView.Done, DueAt = null, Detail = "handled" });
        await inbox.Update(item with { Status = NotificationView.Open, Detail = "by somebody who is late" });

        var stored = await inbox.Find("web", "evt-1");
        Assert.Equal(("as it came", NotificationView.Done, "handled"), (stored!.Body, stored.Status, stored.Detail));
        if (engine == Engine.Postgres)
            foreach (var sql in new[] { "UPDATE notifications SET body = 'x'", "DELETE FROM notifications", "TRUNCATE notifications" })
                await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => database.Execute(sql));
    }

    private static string Revoked(AppStore store, DateTimeOffset at) =>
        store.Transaction("ann", "coins-330", change: transaction => transaction["revocationDate"] = at.ToUnixTimeMilliseconds());

    private static Dictionary<string, string> Bearer(string header) => new() { ["authorization"] = header };

    private async Task<TestCluster> Start(Engine engine, AppStore? store = null) => await Start(await databases.Create(engine), options => options.Channels.Apple = store?.Options);

    private static Task<TestCluster> Start(TestDatabase database, Action<Wallets.Grains.GrainsOptions>? configure = null) => TestCluster.Start(database, options =>
    {
        options.Channels.Web = Checkout.Options;
        options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
        options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(100);
        configure?.Invoke(options);
    });

    private static Task<Outcome<NotificationReceipt>> Tell(TestCluster cluster, Delivery delivery) => cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(delivery);

    internal static async Task<List<NotificationView>> Items(TestCluster cluster) =>
        [.. (await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).GetPage(Operator, null, null, 100)).Value!.Items];
}
