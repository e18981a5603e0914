using Wallets.Grains.Payments;
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
        await cluster.Deactivate(cluster.Service<IGrainFactory>().GetGrain<IReceiptGrain>("dev:one"));
        Assert.Equal(Refusal.ProofUsed, (await cluster.Buy("late", proof: "dev:one")).Refusal?.Code);
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
    public async Task A_purchases_key_with_another_proof_or_pack_is_refused()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var key = Some.Key();
        await cluster.Buy("ann", key: key, proof: "dev:one");

        var otherProof = await cluster.Buy("ann", key: key, proof: "dev:two");
        var otherPack = await cluster.Buy("ann", "coins-65", key, "dev:one");
        var otherPackOtherKey = await cluster.Buy("ann", "coins-65", proof: "dev:one");

        Assert.Equal([Refusal.KeyReused, Refusal.KeyReused, Refusal.ProofUsed], new[] { otherProof, otherPack, otherPackOtherKey }.Select(outcome => outcome.Refusal?.Code));
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
        Assert.Equal(payout with { Status = "reserved" }, (await earnings.GetPayout(cluster.Creator("cleo"), key)).Value);
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
    public async Task A_committed_payout_is_replayed_even_when_memory_missed_it_and_it_would_be_refused_now()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        for (var i = 0; i < 40; i++) await cluster.Send("ann", stream, "coffee");
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 120);
        var earnings = cluster.Grains.GetGrain<IEarningsGrain>("cleo");
        var key = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddMinutes(1));   // a caller whose clock is ahead
        var first = await earnings.RequestPayout(cluster.Creator("cleo"), key, new(100));
        await cluster.Deactivate(earnings);   // the snapshot forgets the key

        var again = await earnings.RequestPayout(cluster.Creator("cleo"), key, new(100));

        Assert.Equal((first.Value, true), (again.Value, again.Replayed));
    }

    [Fact]
    public async Task Nobody_else_reads_a_gift_a_payout_or_a_statement_or_runs_a_stream()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        await cluster.Buy("ann");
        var sent = await cluster.Send("ann", await cluster.GoLive("cleo"), "bouquet", 2);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 100);
        var wallet = cluster.Grains.GetGrain<IWalletGrain>("ann");
        var earnings = cluster.Grains.GetGrain<IEarningsGrain>("cleo");
        var payout = await earnings.RequestPayout(cluster.Creator("cleo"), Some.Key(), new(10));

        var refusals = new[]
        {
            (await wallet.GetGift(cluster.Viewer("mallory"), sent.Value!.Key)).Refusal,
            (await wallet.GetStatement(cluster.Viewer("mallory"), 0, 10)).Refusal,
            (await earnings.GetPayout(cluster.Creator("mallory"), payout.Value!.Key)).Refusal,
            (await cluster.Grains.GetGrain<IStreamGrain>(Some.Key()).Start(cluster.Creator("mallory"), "cleo", "Mine")).Refusal,
            (await cluster.Grains.GetGrain<IStreamGrain>(sent.Value.StreamId).End(cluster.Creator("mallory"))).Refusal,
            (await cluster.Grains.GetGrain<IAuditGrain>(IAuditGrain.Key).Start(cluster.Creator("mallory"))).Refusal,
        };

        Assert.All(refusals, refusal => Assert.Equal(Refusal.Forbidden, refusal?.Code));
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
