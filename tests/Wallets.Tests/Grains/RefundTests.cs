using Wallets.Grains.Accounts;
using Wallets.Grains.Settlement;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Payments that are given back: what it means for the payer and for creators.</summary>
public sealed class RefundTests(Databases databases)
{
    /// <summary>The worked example of the decision record on refunds.</summary>
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_refund_takes_coins_left_in_the_lot_and_then_the_diamonds_of_its_gifts_only(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), options => options.Hold = TimeSpan.FromDays(7));
        await cluster.Buy("ann", "coins-330", proof: "dev:first");
        await cluster.Buy("ann", "coins-65", proof: "dev:second");
        var (cleo, dora) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
        await cluster.Send("ann", cleo, "bouquet", 3);      // 300 of the first lot
        var second = await cluster.Send("ann", dora, "confetti");   // 30 of the first, 20 of the second
        await Eventually.Is(() => cluster.Diamonds("dora"), diamonds => diamonds.Pending.Value == 25);

        var refund = await Refund(cluster, "first");

        Assert.Equal((0, 330, 2), (refund.Value!.CoinsTaken, refund.Value.CoinsTraced, refund.Value.Gifts));
        Assert.Equal(45, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("dora"), diamonds => diamonds.Pending.Value == 10);   // what the second lot paid for
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Pending.Value == 0);
        Assert.Equal(25, second.Value!.Diamonds.Value);
        var ann = (await cluster.Grains.GetGrain<IWalletGrain>("ann").GetStatement(cluster.Viewer("ann"), 4, 50)).Value!.Items;
        var hers = (await cluster.Grains.GetGrain<IEarningsGrain>("dora").GetStatement(cluster.Creator("dora"), 1, 50)).Value!.Items;
        Assert.Equal(["refunded", "gift_refunded dora 30 15", "gift_refunded cleo 300 150", "standing_changed"], ann.Select(line => line.Kind == "gift_refunded" ? $"{line.Kind} {line.Counterparty} {line.Coins!.Value.Value} {line.Diamonds!.Value.Value}" : line.Kind));
        Assert.Equal(("clawed_back", -15, "ann", second.Value.Key, "The payment was given back."), hers.Select(line => (line.Kind, (int)line.Amount, line.Counterparty, line.Gift, line.Reason)).Single());
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_refund_told_twice_or_by_two_at_once_acts_once()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann", proof: "dev:one");
        await cluster.Send("ann", await cluster.GoLive("cleo"), "bouquet");
        var key = Some.Key();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Refund(cluster, "one", key)));
        await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));
        var later = await Refund(cluster, "one", key);
        var another = await Refund(cluster, "one");

        Assert.Single(outcomes.Append(later).Select(outcome => outcome.Value).Distinct());
        Assert.Equal((230, 100), (later.Value!.CoinsTaken, later.Value.CoinsTraced));
        Assert.Equal(Refusal.NothingToRefund, another.Refusal?.Code);
        Assert.Equal(0, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task What_a_creator_has_cashed_out_is_owed_and_paid_by_later_gifts_down_to_the_floor()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.Refunds.MostDiamondsOwed = 120);
        await cluster.Buy("ann", proof: "dev:one");
        await cluster.Buy("bob", "coins-1321");
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream, "bouquet", 3);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 150);
        await cluster.Grains.GetGrain<IEarningsGrain>("cleo").RequestPayout(cluster.Creator("cleo"), Some.Key(), new(140));

        await Refund(cluster, "one");
        var owing = await Eventually.Is(() => Earnings(cluster), earnings => earnings.Owed.Value > 0);
        await cluster.Send("bob", stream, "bouquet");
        await Eventually.Is(() => Earnings(cluster), earnings => earnings.Owed.Value == 70);
        await cluster.Send("bob", stream, "bouquet", 2);
        var settled = await Eventually.Is(() => Earnings(cluster), earnings => earnings.Owed.Value == 0);

        Assert.Equal((120, 0, 120), (owing.Owed.Value, owing.Diamonds.Available.Value, owing.MostOwed.Value));   // 150 − 10 − 120: the platform bears 20
        Assert.Equal((30, 140), (settled.Diamonds.Available.Value, settled.Diamonds.Reserved.Value));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_reversed_refund_gives_everything_back()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        await cluster.Buy("ann", proof: "dev:one");
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream, "bouquet", 2);
        var key = Some.Key();
        await Refund(cluster, "one", key, isDispute: true);
        Assert.Equal(Refusal.WalletFrozen, (await cluster.Send("ann", stream)).Refusal?.Code);

        var reversal = new RefundReversal(Some.Key(), key, "The dispute was won.");
        var reversed = await Receiver(cluster).ReverseRefund(reversal);
        var again = await Receiver(cluster).ReverseRefund(reversal);
        var twice = await Receiver(cluster).ReverseRefund(reversal with { Key = Some.Key() });

        Assert.Equal((130, 200), (reversed.Value!.CoinsTaken, reversed.Value.CoinsTraced));
        Assert.Equal((reversed.Value, true), (again.Value, again.Replayed));
        Assert.Equal(Refusal.NothingToRefund, twice.Refusal?.Code);
        Assert.Equal(130, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 100);
        Assert.True((await cluster.Send("ann", stream, "rose", 130)).IsOk);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Gifts_of_a_flagged_payer_are_held_longer()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann", proof: "dev:one");
        await cluster.Buy("ann", proof: "dev:two");
        await Refund(cluster, "one");

        await cluster.Send("ann", await cluster.GoLive("cleo"), "bouquet");

        var diamonds = await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Pending.Value == 50);
        Assert.Equal(0, diamonds.Available.Value);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_payment_that_is_not_there_cannot_be_refunded()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));

        var nobody = await Refund(cluster, "one");
        await cluster.Buy("ann");
        var unknown = await Refund(cluster, "one");
        var reversal = await Receiver(cluster).ReverseRefund(new RefundReversal(Some.Key(), Some.Key(), "?"));

        Assert.Equal([Refusal.UnknownPayment, Refusal.UnknownPayment, Refusal.UnknownRefund], new[] { nobody, unknown, reversal }.Select(outcome => outcome.Refusal?.Code));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Bonus_coins_end_when_their_time_is_over_whether_the_wallet_is_used_or_not(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        var now = TimeProvider.System.GetUtcNow();
        var used = await cluster.Ledger.OpenAccount(AccountKind.Wallet, "ann");
        var idle = await cluster.Ledger.OpenAccount(AccountKind.Wallet, "bob");
        var expires = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() - 60);
        await cluster.Ledger.Write(Some.Purchase(used, 100, bonus: 30, expires: expires));
        await cluster.Ledger.Write(Some.Purchase(idle, 100, bonus: 40, expires: expires));

        var tooMuch = await cluster.Send("ann", await cluster.GoLive("cleo"), "rose", 71);
        await cluster.Service<IGrainFactory>().GetGrain<IExpiryGrain>(IExpiryGrain.Key).Sweep();

        Assert.Equal(Refusal.InsufficientFunds, tooMuch.Refusal?.Code);
        Assert.Equal(70, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Coins("bob"), coins => coins == 60, withinSeconds: 40);
        Assert.Equal(EntryKind.Expired, (await cluster.Ledger.Read(idle, 1, 10)).Single().Kind);
        await cluster.IsClean();
    }

    private static IRefundReceiver Receiver(TestCluster cluster) => cluster.Service<IGrainFactory>().GetGrain<IRefundReceiver>("ann");

    private static Task<Outcome<RefundReceipt>> Refund(TestCluster cluster, string payment, Guid? key = null, bool isDispute = false) =>
        Receiver(cluster).Refund(new RefundOrder(key ?? Some.Key(), "dev", payment, RefundDecisions.WholeBasisPoints, isDispute, "The payment was given back."));

    private static async Task<EarningsBalance> Earnings(TestCluster cluster) =>
        (await cluster.Grains.GetGrain<IEarningsGrain>("cleo").GetBalance(cluster.Creator("cleo"))).Value!;
}
