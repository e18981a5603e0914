using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Money in and diamonds out.</summary>
public sealed class PurchaseAndPayoutTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_proof_mints_once_whatever_key_it_comes_with(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), silos: 2);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cluster.Buy("ann", proof: "dev:one")));

        Assert.Single(outcomes.Select(outcome => outcome.Value!).Distinct());
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Assert.Equal(330, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_proof_of_another_user_is_refused()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => cluster.Buy($"viewer-{i}", proof: "dev:one")));

        Assert.Single(outcomes, outcome => outcome.IsOk);
        Assert.All(outcomes.Where(outcome => !outcome.IsOk), outcome => Assert.Equal(Refusal.ProofUsed, outcome.Refusal!.Code));
    }

    [Fact]
    public async Task Purchases_that_cannot_be_are_refused()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));

        var unknownPack = await cluster.Buy("ann", pack: "nothing");
        var invalidProof = await cluster.Buy("ann", proof: "paid, honestly");
        var forAnother = await cluster.Buy("ann", caller: cluster.Viewer("mallory"));
        var byCheckout = await cluster.Buy("ann", caller: new Caller("checkout", Roles.Purchasing));

        Assert.Equal([Refusal.UnknownPack, Refusal.InvalidProof, Refusal.Forbidden, null], new[] { unknownPack, invalidProof, forAnother, byCheckout }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal(330, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task Without_dev_payments_channel_dev_is_closed()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.AllowDevPayments = false);

        Assert.Equal(Refusal.UnknownChannel, (await cluster.Buy("ann")).Refusal?.Code);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_payout_reserves_available_diamonds_once(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        await cluster.Send("ann", await cluster.GoLive("cleo"), "bouquet", 2);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 100);
        var earnings = cluster.Grains.GetGrain<IEarningsGrain>("cleo");
        var key = Some.Key();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => earnings.RequestPayout(cluster.Creator("cleo"), key, new(60))));
        var tooMuch = await earnings.RequestPayout(cluster.Creator("cleo"), Some.Key(), new(41));
        var reused = await earnings.RequestPayout(cluster.Creator("cleo"), key, new(61));
        await cluster.Deactivate(earnings);

        var payout = Assert.Single(outcomes.Select(outcome => outcome.Value!).Distinct());
        Assert.Equal(("requested", new Money(60, "USD")), (payout.Status, payout.Amount));
        Assert.Equal([Refusal.InsufficientDiamonds, Refusal.KeyReused], new[] { tooMuch, reused }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal(payout, (await earnings.GetPayout(cluster.Creator("cleo"), key)).Value);
        Assert.Equal(new DiamondsByState(new(0), new(40), new(60), new(0)), await cluster.Diamonds("cleo"));
    }

    [Fact]
    public async Task Diamonds_within_the_hold_are_pending_and_cannot_be_cashed_out()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.Hold = TimeSpan.FromDays(7));
        await cluster.Buy("ann");
        await cluster.Send("ann", await cluster.GoLive("cleo"), "bouquet", 2);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Pending.Value == 100);

        var outcome = await cluster.Grains.GetGrain<IEarningsGrain>("cleo").RequestPayout(cluster.Creator("cleo"), Some.Key(), new(1));

        Assert.Equal(Refusal.InsufficientDiamonds, outcome.Refusal?.Code);
    }

    [Fact]
    public async Task Nobody_else_sees_or_cashes_out_a_creators_diamonds()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var earnings = cluster.Grains.GetGrain<IEarningsGrain>("cleo");

        Assert.Equal(Refusal.Forbidden, (await earnings.GetBalance(cluster.Creator("mallory"))).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await earnings.GetBalance(cluster.Viewer("cleo"))).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await earnings.RequestPayout(cluster.Creator("mallory"), Some.Key(), new(1))).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await earnings.GetStatement(cluster.Creator("mallory"), 0, 10)).Refusal?.Code);
    }
}
