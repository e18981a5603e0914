using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What can be sent, by whom, when, and at which price.</summary>
public sealed class CatalogTests(Databases databases)
{
    private static readonly Caller Olga = new("olga", Roles.Operator);
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Gift Rose = new("rose", "Rose", "emoji", new(10));

    private static Terms Terms(params (DateTimeOffset From, Gift Gift)[] versions) =>
        new([.. versions.Select((version, i) => new CatalogVersion(i + 1, version.From, [version.Gift], null))], [], [Some.Rate]);

    private static (long? Charged, string? Refused) Send(Terms terms, DateTimeOffset now, long? price = null, GiftSender sender = default, long earlier = 0)
    {
        var wallet = earlier == 0 ? Some.Wallet(Some.Purchase(1, 10_000)) : Some.Wallet(Some.Purchase(1, 10_000), Some.Gift(1, 2, earlier, 2, 10_000));
        var order = new GiftOrder(Some.Key(), Guid.NewGuid(), "rose", 3, price is null ? null : new Coins(price.Value));
        var decision = WalletDecisions.SendGift(1, wallet, "ann", order, new LiveStream("cleo", 2, HasEnded: false), terms, new LimitOptions(), 0, now, sender);
        return (decision.Entry is { } debit ? -debit.Amount : null, decision.Refusal?.Code);
    }

    [Fact]
    public void A_price_that_was_shown_is_kept_for_a_minute_after_it_has_changed()
    {
        var terms = Terms((DateTimeOffset.UnixEpoch, Rose), (Noon, Rose with { Price = new(12) }), (Noon.AddDays(1), Rose with { Price = new(9) }));

        Assert.Equal((30, null), Send(terms, Noon.AddTicks(-1)));
        Assert.Equal((36, null), Send(terms, Noon));
        Assert.Equal((30, null), Send(terms, Noon.AddSeconds(59.9), price: 10));
        Assert.Equal((36, null), Send(terms, Noon.AddSeconds(59.9), price: 12));
        Assert.Equal((null, Refusal.PriceChanged), Send(terms, Noon.AddSeconds(60), price: 10));
        Assert.Equal((null, Refusal.PriceChanged), Send(terms, Noon.AddSeconds(-1), price: 12));
        Assert.Equal((null, Refusal.PriceChanged), Send(terms, Noon, price: 0));
        Assert.Equal((36, null), Send(terms, Noon.AddDays(1).AddSeconds(5), price: 12));
        Assert.Equal((27, null), Send(terms, Noon.AddDays(1).AddSeconds(5)));
    }

    [Fact]
    public void Windows_levels_regions_and_fan_clubs_lock_gifts()
    {
        Terms With(Gift gift) => Terms((DateTimeOffset.UnixEpoch, gift));
        var window = With(Rose with { From = Noon, Until = Noon.AddHours(1) });
        var (level, region, fans) = (With(Rose with { MinLevel = 2 }), With(Rose with { Regions = ["DE", "FR"] }), With(Rose with { FansOnly = true }));

        Assert.Equal((null, Refusal.GiftNotAvailable), Send(window, Noon.AddTicks(-1)));
        Assert.Equal((30, null), Send(window, Noon));
        Assert.Equal((30, null), Send(window, Noon.AddHours(1).AddSeconds(59)));
        Assert.Equal((null, Refusal.GiftNotAvailable), Send(window, Noon.AddHours(1).AddSeconds(60)));
        Assert.Equal((null, Refusal.LevelTooLow), Send(level, Noon, earlier: 99));
        Assert.Equal((30, null), Send(level, Noon, earlier: 100));
        Assert.Equal((null, Refusal.GiftNotInRegion), Send(region, Noon));
        Assert.Equal((null, Refusal.GiftNotInRegion), Send(region, Noon, sender: new("US", false)));
        Assert.Equal((30, null), Send(region, Noon, sender: new("FR", false)));
        Assert.Equal((null, Refusal.FansOnly), Send(fans, Noon));
        Assert.Equal((30, null), Send(fans, Noon, sender: new(null, true)));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_version_is_published_ahead_once_and_never_changes(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        var catalog = cluster.Grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1);
        var order = new ActOrder(ActKinds.PutGift, "rose", "A dearer rose.", Gift: Rose with { Price = new(2) }, From: tomorrow);

        var acts = new[] { await Ask(cluster, order), await Ask(cluster, order with { From = tomorrow.AddHours(-1) }), await Ask(cluster, order with { From = tomorrow.AddDays(-2) }) };
        await cluster.Deactivate(catalog);

        Assert.Equal([ActView.Applied, ActView.Refused, null], acts.Select(act => act.Value?.Status));
        Assert.Equal([(1, 1), (2, 2)], (await catalog.GetVersions()).Select(version => (version.Version, (int)version.Gifts.Single(gift => gift.Id == "rose").Price.Value)));
        Assert.Equal(1, (await catalog.GetGifts()).Single(gift => gift.Id == "rose").Price.Value);
        await cluster.Buy("ann");
        Assert.Equal(1, (await cluster.Send("ann", await cluster.GoLive("cleo"))).Value!.Coins.Value);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_gift_for_fans_opens_once_the_viewer_is_one(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        Assert.Equal(ActView.Applied, (await Ask(cluster, new ActOrder(ActKinds.PutGift, "fan-heart", "For fans.", Gift: new Gift("fan-heart", "Fan heart", "emoji", new(1), FansOnly: true)))).Value?.Status);
        await cluster.Buy("ann");
        var cleo = await cluster.GoLive("cleo");
        var (wallet, key) = (cluster.Grains.GetGrain<IWalletGrain>("ann"), Some.Key());

        var before = await Eventually.Is(() => cluster.Send("ann", cleo, "fan-heart"), sent => sent.Refusal?.Code != Refusal.UnknownGift);
        var streak = new StreakOrder(Some.Key(), cleo, "fan-heart", 3, Price: new(1));
        var streakBefore = await wallet.SendStreak(cluster.Viewer("ann"), streak);
        await cluster.Send("ann", cleo, "bouquet");
        var after = await Eventually.Is(() => cluster.Send("ann", cleo, "fan-heart", key: key), sent => sent.IsOk);
        var offers = (await wallet.GetOffers(cluster.Viewer("ann"), "cleo")).Value!.Items;
        var elsewhere = (await wallet.GetOffers(cluster.Viewer("ann"), "dora")).Value!.Items;

        Assert.Equal(Refusal.FansOnly, before.Refusal?.Code);
        Assert.Equal(1, after.Value!.Coins.Value);
        Assert.Equal((Refusal.FansOnly, 3), (streakBefore.Refusal?.Code, (await wallet.SendStreak(cluster.Viewer("ann"), streak)).Value?.Total));
        Assert.Equal([0, 1], new[] { offers, elsewhere }.Select(items => items.Single(offer => offer.Gift.Id == "fan-heart").Locked.Length));
        Assert.True((await cluster.Send("ann", cleo, "fan-heart", key: key)).Replayed);
        Assert.Equal(Refusal.PriceChanged, (await wallet.SendStreak(cluster.Viewer("ann"), new StreakOrder(Some.Key(), cleo, "fan-heart", 3, Price: new(2)))).Refusal?.Code);
        var otherPrice = await wallet.SendGift(cluster.Viewer("ann"), new GiftOrder(key, cleo, "fan-heart", 1, new Coins(2)));
        Assert.Equal(Refusal.KeyReused, otherPrice.Refusal?.Code);
        await cluster.IsClean();
    }

    private static Task<Outcome<ActView>> Ask(TestCluster cluster, ActOrder order) => cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order);
}
