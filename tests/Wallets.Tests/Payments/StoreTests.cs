using Orleans.Core.Internal;
using Wallets.Grains.Payments;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Purchases that are paid in a store or a checkout, through real silos; Google's side is a real HTTP server.</summary>
public sealed class StoreTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_purchase_in_Google_Play_mints_once_and_is_consumed_after_the_commit(Engine engine)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(engine), options => options.Channels.Google = play.Options);
        var token = play.Sell("ann", "coins-330");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Buy(cluster, "ann", "google", token)));

        Assert.Single(outcomes.Select(outcome => outcome.Value!).Distinct());
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Assert.Equal(330, await cluster.Coins("ann"));
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
        Assert.Equal(1, play.TokensGiven);
        var account = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        Assert.Equal(play.Purchases[token]["orderId"], (await cluster.Ledger.Read(account, 0, 1))[0].Detail!.Reference);
        await cluster.IsClean();
    }

    [Theory]
    [InlineData("purchaseState", 1, Refusal.PaymentCancelled)]
    [InlineData("purchaseState", 2, Refusal.PaymentPending)]
    [InlineData("purchaseState", 7, Refusal.InvalidProof)]
    [InlineData("obfuscatedExternalAccountId", "somebody", Refusal.WrongAccount)]
    [InlineData("obfuscatedExternalAccountId", null, Refusal.WrongAccount)]
    [InlineData("productId", "coins_65", Refusal.WrongProduct)]
    [InlineData("quantity", 0, Refusal.WrongQuantity)]
    [InlineData("quantity", 10_001, Refusal.WrongQuantity)]
    [InlineData("purchaseType", 0, Refusal.WrongEnvironment)]
    public async Task Each_rule_of_a_Google_purchase_has_a_code_of_its_own(string field, object? value, string code)
    {
        await using var play = await PlayStore.Start(databases);
        using var channel = new GoogleChannel(play.Options, TimeProvider.System);
        var token = play.Sell("ann", "coins-330", purchase => purchase[field] = value);

        Assert.Equal(code, (await channel.Verify(new("google", token), token, "ann", Pack("coins-330"))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProof, (await channel.Verify(new("google", "unknown"), "unknown", "ann", Pack("coins-330"))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProof, channel.Identify(new string('x', 401)).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProof, channel.Identify("../../other").Refusal?.Code);
    }

    [Fact]
    public async Task While_Google_is_down_nothing_is_written_and_gifts_go_on()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.Channels.Google = play.Options);
        await cluster.Buy("ann", "coins-65");
        var stream = await cluster.GoLive("cleo");
        var (token, key) = (play.Sell("ann", "coins-330"), Some.Key());
        play.FailNext = int.MaxValue;
        var gate = new TaskCompletionSource();
        play.Gate = gate.Task;

        var buying = Buy(cluster, "ann", "google", token, key);
        await play.Asked;
        await cluster.Send("ann", stream);   // which does not wait for the store
        gate.SetResult();
        await Assert.ThrowsAsync<UnavailableException>(() => buying);
        play.FailNext = 0;
        var later = await Buy(cluster, "ann", "google", token, key);
        play.FailNext = int.MaxValue;
        var replayed = await Buy(cluster, "ann", "google", token, key);

        Assert.Equal((330, false), (later.Value!.Coins.Value, later.Replayed));
        Assert.Equal((later.Value, true), (replayed.Value, replayed.Replayed));   // a known key needs no store
    }

    [Fact]
    public async Task A_wallet_that_goes_while_the_store_is_asked_takes_gifts_at_once_and_mints_when_the_store_has_answered()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.Channels.Google = play.Options);
        await cluster.Buy("ann", "coins-65");
        var stream = await cluster.GoLive("cleo");
        var gate = new TaskCompletionSource();
        play.Gate = gate.Task;

        var buying = Buy(cluster, "ann", "google", play.Sell("ann", "coins-330"));
        await play.Asked;
        await cluster.Grains.GetGrain<IWalletGrain>("ann").Cast<IGrainManagementExtension>().DeactivateOnIdle();
        var gift = await cluster.Send("ann", stream);
        gate.SetResult();

        Assert.Equal(64, gift.Value!.Balance.Value);
        Assert.Equal(394, (await buying).Value!.Balance.Value);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Failures_in_passing_and_a_revoked_access_token_are_not_the_buyers_business()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.Channels.Google = play.Options);
        await Buy(cluster, "ann", "google", play.Sell("ann", "coins-65"), pack: "coins-65");
        play.FailNext = 2;
        await Buy(cluster, "ann", "google", play.Sell("ann", "coins-65"), pack: "coins-65");
        play.RevokeAccess();
        await Buy(cluster, "ann", "google", play.Sell("ann", "coins-65"), pack: "coins-65");

        Assert.Equal(3 * 65, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_consumption_that_fails_is_repeated_until_Google_knows()
    {
        await using var play = await PlayStore.Start(databases);
        (play.FailingPath, play.FailNext) = (":consume", 7);   // the first attempt with its retries, and the second, and a part of the third
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options =>
        {
            options.Channels.Google = play.Options;
            options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(500);
            options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
        });

        await Buy(cluster, "ann", "google", play.Sell("ann", "coins-330"));

        Assert.Equal(330, await cluster.Coins("ann"));
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Kind: "completion", Status: NotificationView.Done }]);
    }

    [Fact]
    public async Task A_claim_whose_silo_died_before_the_commit_is_finished_by_the_same_user_and_completed()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options =>
        {
            options.Channels.Google = play.Options;
            options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(100);
            options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
        });
        var token = play.Sell("ann", "coins-330");
        var payment = new Payment("google", token);
        var order = new PurchaseOrder(Some.Key(), "coins-330", "google", token);

        // What a silo leaves that is killed right after the claim.
        await Receipt(cluster, payment).Claim(payment, "ann", order, Pack("coins-330"));
        var refusedToAnother = await Buy(cluster, "mallory", "google", token);
        var waiting = await NotificationTests.Items(cluster);
        var bought = await cluster.Grains.GetGrain<IPurchaseGrain>("ann").Purchase(cluster.Viewer("ann"), order);

        Assert.Equal(Refusal.ProofUsed, refusedToAnother.Refusal?.Code);
        Assert.Contains(waiting, item => item is { Kind: "completion", Status: NotificationView.Waiting });
        Assert.Equal(330, bought.Value!.Coins.Value);
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
    }

    [Fact]
    public async Task A_commit_whose_silo_died_before_the_completion_is_completed_by_the_inbox()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options =>
        {
            options.Channels.Google = play.Options;
            options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(100);
            options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
        });
        var token = play.Sell("ann", "coins-330");
        var payment = new Payment("google", token);
        var order = new PurchaseOrder(Some.Key(), "coins-330", "google", token);
        await Receipt(cluster, payment).Claim(payment, "ann", order, Pack("coins-330"));

        // The wallet mints, and nobody tells the receipt.
        await cluster.Service<IGrainFactory>().GetGrain<IMint>("ann").Mint(order, payment, Pack("coins-330"));

        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
    }

    [Fact]
    public async Task A_payment_that_is_claimed_and_never_becomes_coins_is_shown_to_operators()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options =>
        {
            options.Channels.Google = play.Options;
            options.Notifications.CompleteAfter = options.Notifications.FirstRetry = options.Notifications.PatienceWithApps = TimeSpan.FromMilliseconds(100);
        });
        var token = play.Sell("ann", "coins-330");
        var payment = new Payment("google", token);
        await Receipt(cluster, payment).Claim(payment, "ann", new PurchaseOrder(Some.Key(), "coins-330", "google", token), Pack("coins-330"));

        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Open, Code: "payment_not_minted" }]);
        Assert.Empty(play.Consumed);
    }

    [Fact]
    public async Task Anothers_proof_is_refused_and_shown_to_operators_and_its_owners_answered_as_before()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => (options.Channels.Apple, options.Channels.Web) = (store.Options, Checkout.Options));
        var (proof, paid) = (store.Transaction("ann", "coins-330"), Checkout.Proof(Checkout.Paid("pay-1", "ann")));

        var beforeItsOwner = await Buy(cluster, "mallory", "apple", proof);
        var first = await Buy(cluster, "ann", "apple", proof);
        var again = await Buy(cluster, "ann", "apple", proof);
        var otherPack = await Buy(cluster, "ann", "apple", proof, pack: "coins-65");
        var afterItsOwner = await Buy(cluster, "mallory", "apple", proof);
        var forged = await Buy(cluster, "mallory", "apple", new AppStore(databases.NewFolder()).Transaction("mallory", "coins-330"));
        await Buy(cluster, "ann", "web", paid, pack: "web-87");
        var othersEvent = await Buy(cluster, "eve", "web", paid, pack: "web-87");

        Assert.Equal([Refusal.WrongAccount, Refusal.ProofUsed, Refusal.ProofUsed, Refusal.UntrustedCertificate, Refusal.ProofUsed],
            new[] { beforeItsOwner, otherPack, afterItsOwner, forged, othersEvent }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal((first.Value, true), (again.Value, again.Replayed));
        var alerts = (await NotificationTests.Items(cluster)).Where(item => item.Kind == "alert").ToList();
        Assert.Equal([("apple", NotificationView.Open), ("web", NotificationView.Open)], alerts.Select(alert => (alert.Channel, alert.Status)));   // one for each payment and user
        Assert.Contains("mallory", alerts[0].Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pay-2", "bob", "web-87", 99, "USD", Refusal.WrongAccount)]
    [InlineData("pay-2", "ann", "web-440", 99, "USD", Refusal.WrongProduct)]
    [InlineData("pay-2", "ann", "web-87", 98, "USD", Refusal.WrongAmount)]
    [InlineData("pay-2", "ann", "web-87", 99, "EUR", Refusal.WrongCurrency)]
    [InlineData("pay 2", "ann", "web-87", 99, "USD", Refusal.InvalidProof)]
    public async Task Each_rule_of_a_web_payment_has_a_code_of_its_own(string payment, string user, string pack, long amount, string currency, string code)
    {
        var channel = new WebChannel(Checkout.Options, TimeProvider.System);
        var proof = Checkout.Proof(Checkout.Paid(payment, user, pack, amount, currency));

        var identified = channel.Identify(proof);
        var refusal = identified.IsOk ? (await channel.Verify(identified.Value, proof, "ann", Pack("web-87"))).Refusal : identified.Refusal;

        Assert.Equal(code, refusal?.Code);
    }

    [Fact]
    public async Task A_web_proof_is_signed_by_one_of_the_secrets_however_long_ago()
    {
        var channel = new WebChannel(Checkout.Options, TimeProvider.System);
        var body = Checkout.Paid("pay-1", "ann");
        var longAgo = TimeProvider.System.GetUtcNow().AddDays(-30);
        var good = Checkout.Proof(body, longAgo, Checkout.OldSecret);
        var payment = channel.Identify(good).Value!;

        Assert.True((await channel.Verify(payment, good, "ann", Pack("web-87"))).IsOk);
        Assert.Equal(Refusal.InvalidSignature, (await channel.Verify(payment, Checkout.Proof(body, longAgo, "some-other-secret"), "ann", Pack("web-87"))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidSignature, (await channel.Verify(payment, good.Replace("t=", "t=1", StringComparison.Ordinal), "ann", Pack("web-87"))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProof, channel.Identify(Checkout.Proof(Checkout.Event("payment.refunded", new { paymentId = "pay-1" }))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProof, channel.Identify("paid, honestly").Refusal?.Code);
    }

    [Fact]
    public async Task A_pack_is_sold_by_its_own_channels_only_and_a_closed_channel_sells_nothing()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.Channels.Web = Checkout.Options);

        var ofAStore = await Buy(cluster, "ann", "web", Checkout.Proof(Checkout.Paid("pay-1", "ann", "coins-330", 499)), pack: "coins-330");
        var closed = await Buy(cluster, "ann", "apple", "x");

        Assert.Equal([Refusal.UnknownPack, Refusal.UnknownChannel], new[] { ofAStore, closed }.Select(outcome => outcome.Refusal?.Code));
    }

    private static CoinPack Pack(string id) => Wallets.Grains.Publishing.Defaults.Packs.Single(pack => pack.Id == id);

    private static IReceiptGrain Receipt(TestCluster cluster, Payment payment) => cluster.Service<IGrainFactory>().GetGrain<IReceiptGrain>($"{payment.Channel}:{payment.Id}");

    internal static Task<Outcome<Purchase>> Buy(TestCluster cluster, string user, string channel, string proof, Guid? key = null, string pack = "coins-330") =>
        cluster.Grains.GetGrain<IPurchaseGrain>(user).Purchase(cluster.Viewer(user), new PurchaseOrder(key ?? Some.Key(), pack, channel, proof));
}
