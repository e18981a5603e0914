using CsCheck;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Several packs that were bought at once: one purchase, of which a store may give back some.</summary>
public sealed class QuantityTests(Databases databases)
{
    private const long Wallet = 1;

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Packs_bought_at_once_in_Google_Play_are_one_purchase_of_so_many_times_the_coins_and_the_price(Engine engine)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(engine, play);
        var token = play.SellMany("ann", "coins-330", 3);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => StoreTests.Buy(cluster, "ann", "google", token)));

        Assert.Equal((990L, new Money(1_497, "USD")), (outcomes[0].Value!.Coins.Value, outcomes[0].Value!.Price));
        Assert.Single(outcomes.Select(outcome => outcome.Value).Distinct());
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Assert.Equal(990, await cluster.Coins("ann"));
        var line = Assert.Single((await cluster.Grains.GetGrain<IWalletGrain>("ann").GetStatement(cluster.Viewer("ann"), 0, 10)).Value!.Items);
        Assert.Equal(("purchase", 990L, 3, new Money(1_497, "USD")), (line.Kind, line.Amount, line.Quantity, line.Price));
        await Eventually.Is(() => Task.FromResult(play.Consumed.Count), consumed => consumed == 1);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Packs_bought_at_once_in_the_App_Store_are_one_purchase_and_a_prorated_refund_takes_its_share_of_all()
    {
        var store = new AppStore(databases.NewFolder());
        await using var cluster = await Start(Engine.Postgres, apple: store);

        var bought = await StoreTests.Buy(cluster, "ann", "apple", store.Transaction("ann", "coins-330", change: fields => fields["quantity"] = 4));
        await Tell(cluster, new("apple", store.Notification("REFUND", store.Transaction("ann", "coins-330", change: fields =>
            (fields["quantity"], fields["revocationDate"], fields["revocationType"], fields["revocationPercentage"]) = (4, 1_700_000_000_000L, "REFUND_PRORATED", 50_000))), [], null));

        Assert.Equal((1_320L, new Money(1_996, "USD")), (bought.Value!.Coins.Value, bought.Value.Price));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 660);
        await cluster.IsClean();
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Each_pack_that_Google_gives_back_takes_its_own_coins_once_however_often_it_is_told(Engine engine)
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(engine, play);
        var token = play.SellMany("ann", "coins-330", 3);
        await StoreTests.Buy(cluster, "ann", "google", token);
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream, "rose", quantity: 500);   // of a coin each, so that the last pack is found in gifts

        var first = play.Void(token, 1);
        await Tell(cluster, Pushed(first));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 160);
        await Tell(cluster, Pushed(first));
        await Tell(cluster, Pushed(PlayStore.Voided(token, refundType: 2)));   // as another message
        var (second, third) = (play.Void(token, 1), play.Void(token, 1));
        await Tell(cluster, Pushed(third));
        await Tell(cluster, Pushed(second));
        await Tell(cluster, Pushed(PlayStore.Voided(token)));

        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Count == 6 && items.TrueForAll(item => item.Status == NotificationView.Done));
        Assert.Equal(0, await cluster.Coins("ann"));
        var refunds = await Refunds(cluster);
        Assert.Equal(990, refunds.Sum(refund => refund.Detail!.Coins));
        Assert.Equal(1_497, refunds.Sum(refund => refund.Detail!.Price!.Value.AmountMinor));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Pending.Value + diamonds.Available.Value <= 0);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Packs_given_back_before_anybody_claimed_the_purchase_are_taken_after_it()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(Engine.Postgres, play);
        var token = play.SellMany("ann", "coins-330", 3);

        await Tell(cluster, Pushed(play.Void(token, 2)));
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Done }]);
        var bought = await StoreTests.Buy(cluster, "ann", "google", token);

        Assert.Equal((990L, new Money(1_497, "USD")), (bought.Value!.Coins.Value, bought.Value.Price));
        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_purchase_of_which_everything_was_given_back_mints_nothing()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(Engine.Sqlite, play);
        var token = play.SellMany("ann", "coins-330", 2);
        play.Void(token, 2);

        Assert.Equal(Refusal.PaymentRevoked, (await StoreTests.Buy(cluster, "ann", "google", token)).Refusal?.Code);
        Assert.Equal(0, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_part_that_Google_tells_of_before_it_shows_it_is_asked_for_again()
    {
        await using var play = await PlayStore.Start(databases);
        await using var cluster = await Start(Engine.Sqlite, play);
        var token = play.SellMany("ann", "coins-330", 2);
        await StoreTests.Buy(cluster, "ann", "google", token);

        await Tell(cluster, Pushed(PlayStore.Voided(token, "early", refundType: 2)));
        await Eventually.Is(() => NotificationTests.Items(cluster), items => items.Exists(item => item is { Id: "early", Attempts: > 0 }));
        play.Void(token, 1);

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 330);
    }

    [Fact]
    public void Whatever_was_spent_the_packs_given_back_add_up_to_their_coins_bonus_and_price() => Gen.Select(
        Gen.Select(Gen.Int[1, 500], Gen.Int[0, 50], Gen.Int[1, 1_000]), Gen.Int[1, 12], Gen.Select(Gen.Int[0, 12], Gen.Int[0, 400]).Array[1, 12]).Sample((terms, quantity, steps) =>
    {
        var (coins, bonus, price) = terms;
        var pack = new CoinPack("p", new(coins), new(bonus), new Money(price, "USD"), []);
        var purchase = WalletDecisions.Purchase(Wallet, new WalletState(), Some.Key(), pack, new Payment("google", "token", Quantity: quantity), Defaults.RateCard.EffectiveFrom).Entry!;
        var trace = LotTrace.OfLot(purchase.TransferId);
        trace.Apply(purchase);
        var (voided, given) = (0, new List<Entry>());
        foreach (var (count, spent) in steps)
        {
            if (Math.Min(spent, trace.State.Balance) is > 0 and var gift) trace.Apply(Some.Gift(Wallet, 2, gift, trace.State.Seq + 1, trace.State.Balance));
            var added = Math.Min(count, quantity) - voided;   // counts come late and twice
            if (added <= 0) continue;
            voided += added;
            var order = new RefundOrder(Some.Key(), "google", "token", added * 10_000L, false, "asked for", quantity * 10_000L);
            foreach (var entry in RefundDecisions.Refund(Wallet, trace, purchase, order)!)
            {
                trace.Apply(entry);
                if (entry.Kind == EntryKind.Refunded) given.Add(entry);
            }
        }

        Assert.Equal((quantity * (coins + bonus), quantity * bonus, quantity * price), (purchase.Amount, purchase.Detail!.Bonus, purchase.Detail.Price!.Value.AmountMinor));
        Assert.Equal(voided * (coins + bonus), given.Sum(refund => refund.Detail!.Coins));
        Assert.Equal(voided * price, given.Sum(refund => refund.Detail!.Price!.Value.AmountMinor));
        Assert.Empty(trace.FindUntraceable());
    });

    private async Task<TestCluster> Start(Engine engine, PlayStore? play = null, AppStore? apple = null) => await TestCluster.Start(await databases.Create(engine), options =>
    {
        (options.Channels.Google, options.Channels.Apple) = (play?.Options, apple?.Options);
        options.Notifications.FirstRetry = options.Notifications.CompleteAfter = TimeSpan.FromMilliseconds(100);
    });

    private static Delivery Pushed(string body) => new("google", body, [], PlayStore.PushSecret);

    private static async Task Tell(TestCluster cluster, Delivery delivery) => Assert.True((await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(delivery)).IsOk);

    private static async Task<List<Entry>> Refunds(TestCluster cluster)
    {
        var account = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        return [.. (await cluster.Ledger.Read(account, 0, 100)).Where(entry => entry.Kind == EntryKind.Refunded)];
    }
}
