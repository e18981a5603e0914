using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What operators do, each act recorded, large ones by two.</summary>
public sealed class ActTests(Databases databases)
{
    private static readonly Caller Olga = new("olga", Roles.Operator);
    private static readonly Caller Omar = new("omar", Roles.Operator);

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task An_adjustment_is_recorded_applied_once_and_stands_on_the_statement(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        var (key, order) = (Some.Key(), new ActOrder(ActKinds.AdjustCoins, "ann", "A gift was charged in a test.", Amount: -30));

        var acts = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.Grains.GetGrain<IActGrain>(key).Ask(Olga, order)));
        var otherwise = await cluster.Grains.GetGrain<IActGrain>(key).Ask(Olga, order with { Amount = -31 });

        Assert.All(acts, act => Assert.Equal((ActView.Applied, "olga"), (act.Value!.Status, act.Value.Actor)));
        Assert.Equal(Refusal.KeyReused, otherwise.Refusal?.Code);
        Assert.Equal(300, await cluster.Coins("ann"));
        var record = (await cluster.Grains.GetGrain<IActRecordGrain>(IActRecordGrain.Key).Read(Olga, 0, 50)).Value!;
        Assert.Equal([("asked", order), ("applied", null)], record.Items.Select(step => (step.Step, step.Order)));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_large_adjustment_waits_for_another_operator()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var act = cluster.Grains.GetGrain<IActGrain>(Some.Key());

        var asked = await act.Ask(Olga, new ActOrder(ActKinds.AdjustCoins, "ann", "Lost by a provider.", Amount: 10_001));
        var bySelf = await act.Approve(Olga);
        Assert.Equal(0, await cluster.Coins("ann"));
        await cluster.Deactivate(act);
        var approved = await act.Approve(Omar);
        var rejectedLate = await act.Reject(Omar, "Too much.");

        Assert.Equal(ActView.AwaitingApproval, asked.Value?.Status);
        Assert.Equal(Refusal.SecondApproverNeeded, bySelf.Refusal?.Code);
        Assert.Equal((ActView.Applied, "omar"), (approved.Value?.Status, approved.Value?.Decider));
        Assert.Equal(Refusal.AlreadyDecided, rejectedLate.Refusal?.Code);
        Assert.Equal(10_001, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_rejected_act_does_nothing_and_says_why()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var act = cluster.Grains.GetGrain<IActGrain>(Some.Key());
        await act.Ask(Olga, new ActOrder(ActKinds.AdjustDiamonds, "cleo", "A thank-you.", Amount: 1_000_000));

        var rejected = await act.Reject(Omar, "Not agreed.");
        var approved = await act.Approve(Omar);

        Assert.Equal((ActView.Rejected, "Not agreed."), (rejected.Value?.Status, rejected.Value?.Result));
        Assert.Equal(Refusal.AlreadyDecided, approved.Refusal?.Code);
        Assert.Equal(0, (await cluster.Diamonds("cleo")).Available.Value);
    }

    [Fact]
    public async Task Acts_that_died_after_being_recorded_go_on_when_asked_again()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var (key, order) = (Some.Key(), new ActOrder(ActKinds.AdjustCoins, "ann", "Recorded, then killed.", Amount: 5));
        await cluster.Ledger.RecordAct(new ActStep(0, key, ActView.Asked, "olga", default, order, null));

        var act = await cluster.Grains.GetGrain<IActGrain>(key).Ask(Olga, order);

        Assert.Equal(ActView.Applied, act.Value?.Status);
        Assert.Equal(5, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task What_cannot_be_asked_for_is_refused_and_leaves_no_record()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var rates = Some.Rate with { Version = 2, EffectiveFrom = TimeProvider.System.GetUtcNow().AddDays(20) };
        ActOrder[] orders =
        [
            new(ActKinds.AdjustCoins, "ann", "  ", Amount: 1),
            new(ActKinds.AdjustCoins, "ann", "nothing", Amount: 0),
            new(ActKinds.AdjustCoins, "no/body", "why", Amount: 1),
            new("print_money", "ann", "why", Amount: 1),
            new(ActKinds.SetStanding, "ann", "why", Standing: "angelic"),
            new(ActKinds.Refund, "ann", "why", Purchase: Some.Key(), BasisPoints: 10_001),
            new(ActKinds.PublishRates, "2", "why", Rates: rates with { EffectiveFrom = TimeProvider.System.GetUtcNow().AddDays(13) }),
            new(ActKinds.PublishRates, "2", "why", Rates: rates with { Version = 3 }),
            new(ActKinds.PublishRates, "2", "why", Rates: rates with { CoinToDiamond = new Ratio(1, 0) }),
            new(ActKinds.PutPack, "p", "why", Pack: new CoinPack("q", new(1), new(0), new(1, "USD"), ["dev"])),
            new(ActKinds.PutGift, "g", "why", Gift: new Gift("g", "G", "emoji", new(0))),
            new(ActKinds.OpenCampaign, "c", "why", Campaign: new Campaign("c", new(10), new(5), TimeProvider.System.GetUtcNow().AddDays(1), null)),
        ];

        foreach (var order in orders)
            Assert.Equal(Refusal.InvalidAct, (await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order)).Refusal?.Code);
        var byViewer = await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(cluster.Viewer("ann"), new ActOrder(ActKinds.AdjustCoins, "ann", "please", Amount: 1));

        Assert.Equal(Refusal.Forbidden, byViewer.Refusal?.Code);
        Assert.Empty((await cluster.Grains.GetGrain<IActRecordGrain>(IActRecordGrain.Key).Read(Olga, 0, 50)).Value!.Items);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_rate_card_takes_effect_after_its_notice_and_never_changes(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), options => options.Approvals.Rates = false);
        var card = Some.Rate with { Version = 2, EffectiveFrom = TimeProvider.System.GetUtcNow().AddDays(15), CoinToDiamond = new Ratio(3, 5) };

        var published = await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, new ActOrder(ActKinds.PublishRates, "2", "A better share.", Rates: card));
        var again = await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, new ActOrder(ActKinds.PublishRates, "2", "A worse share.", Rates: card with { CoinToDiamond = new Ratio(1, 5) }));

        Assert.Equal(ActView.Applied, published.Value?.Status);
        Assert.Equal(Refusal.InvalidAct, again.Refusal?.Code);
        var versions = await cluster.Grains.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions();
        Assert.Equal([new Ratio(1, 2), new Ratio(3, 5)], versions.Select(version => version.CoinToDiamond));
        await cluster.Buy("ann");
        Assert.Equal(1, (await cluster.Send("ann", await cluster.GoLive("cleo"))).Value!.RateVersion);
    }

    [Fact]
    public async Task A_frozen_wallet_can_be_read_and_not_spent_from_until_it_is_in_good_standing()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        await Apply(cluster, new ActOrder(ActKinds.SetStanding, "ann", "Stolen card.", Standing: "frozen"));
        var frozen = await cluster.Send("ann", stream);
        await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));
        var stillFrozen = await cluster.Send("ann", stream);
        await Apply(cluster, new ActOrder(ActKinds.SetStanding, "ann", "It was her own.", Standing: "good"));

        Assert.Equal([Refusal.WalletFrozen, Refusal.WalletFrozen], new[] { frozen, stillFrozen }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal(330, await cluster.Coins("ann"));
        Assert.True((await cluster.Send("ann", stream)).IsOk);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_new_pack_with_bonus_coins_is_sold_and_a_refund_by_an_operator_takes_it_back()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await Apply(cluster, new ActOrder(ActKinds.PutPack, "spring", "Spring sale.", Pack: new CoinPack("spring", new(100), new(20), new(149, "USD"), ["dev"], BonusDays: 30)));
        var bought = await Eventually.Is(() => cluster.Buy("ann", "spring"), outcome => outcome.IsOk);

        await Apply(cluster, new ActOrder(ActKinds.Refund, "ann", "Bought by mistake.", Purchase: bought.Value!.PurchaseId, BasisPoints: 10_000));

        Assert.Equal(120, bought.Value.Coins.Value);
        Assert.Equal(0, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    private static async Task Apply(TestCluster cluster, ActOrder order) =>
        Assert.Equal(ActView.Applied, (await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order)).Value?.Status);
}
