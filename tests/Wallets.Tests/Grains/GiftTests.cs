using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>A gift's way through the grains, on both engines.</summary>
public sealed class GiftTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_gift_moves_coins_to_diamonds_and_settles(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), silos: 2);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        var receipt = (await cluster.Send("ann", stream, "rose", 7)).Value!;

        Assert.Equal(("ann", "cleo", 7, new Coins(7), new Diamonds(4), 1, "committed", new Coins(323)),
            (receipt.UserId, receipt.CreatorId, receipt.Quantity, receipt.Coins, receipt.Diamonds, receipt.RateVersion, receipt.Status, receipt.Balance));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 4);
        var settled = (await cluster.Grains.GetGrain<IWalletGrain>("ann").GetGift(cluster.Viewer("ann"), receipt.Key)).Value!;
        Assert.Equal(receipt with { Status = "settled" }, settled);
        var view = await Eventually.Is(async () => (await cluster.Grains.GetGrain<IStreamGrain>(stream).GetView()).Value!, view => view.Totals.Gifts == 7);
        Assert.Equal((new StreamTotals(7, new(7), new(4)), new Supporter("ann", new(7))), (view.Totals, Assert.Single(view.Top)));
        await cluster.IsClean();
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_gift_retried_by_a_hundred_callers_at_once_is_charged_once(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var key = Some.Key();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => cluster.Send("ann", stream, "ice-cream", 1, key)));

        Assert.Single(outcomes.Select(outcome => outcome.Value!).Distinct());
        Assert.Single(outcomes, outcome => !outcome.Replayed);
        Assert.Equal(320, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
    }

    [Fact]
    public async Task A_key_used_for_something_else_is_refused_and_charges_nothing()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var key = Some.Key();
        var bought = await cluster.Buy("ann", key: key);
        var stream = await cluster.GoLive("cleo");
        var sent = await cluster.Send("ann", stream, "rose", 3);

        var asGift = await cluster.Send("ann", stream, "rose", 3, key);
        var otherQuantity = await cluster.Send("ann", stream, "rose", 4, sent.Value!.Key);
        var otherGift = await cluster.Send("ann", stream, "heart", 3, sent.Value.Key);
        var asPurchase = await cluster.Buy("ann", key: sent.Value.Key);

        Assert.Equal(330, bought.Value!.Balance.Value);
        Assert.All(new[] { asGift.Refusal, otherQuantity.Refusal, otherGift.Refusal, asPurchase.Refusal }, refusal => Assert.Equal(Refusal.KeyReused, refusal?.Code));
        Assert.Equal(327, await cluster.Coins("ann"));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Many_gifts_at_once_never_overdraw_a_wallet(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), silos: 2);
        await cluster.Buy("ann", "coins-65");
        var stream = await cluster.GoLive("cleo");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => cluster.Send("ann", stream, "ice-cream")));

        Assert.Equal(6, outcomes.Count(outcome => outcome.IsOk));
        Assert.All(outcomes.Where(outcome => !outcome.IsOk), outcome => Assert.Equal(Refusal.InsufficientFunds, outcome.Refusal!.Code));
        Assert.Equal(5, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 30);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_refused_gift_may_succeed_later_under_the_same_key()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var stream = await cluster.GoLive("cleo");
        var key = Some.Key();

        var broke = await cluster.Send("ann", stream, key: key);
        await cluster.Buy("ann");
        var paid = await cluster.Send("ann", stream, key: key);

        Assert.Equal(Refusal.InsufficientFunds, broke.Refusal?.Code);
        Assert.True(paid.IsOk && !paid.Replayed);
    }

    [Fact]
    public async Task Once_a_stream_says_it_has_ended_no_gift_to_it_is_taken()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);
        await cluster.Buy("ann");
        await cluster.Buy("bob");
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream);
        await cluster.Send("bob", stream);

        var ended = await cluster.Grains.GetGrain<IStreamGrain>(stream).End(cluster.Creator("cleo"));
        var late = await Task.WhenAll(cluster.Send("ann", stream), cluster.Send("bob", stream));

        Assert.Equal("ended", ended.Value?.Status);
        Assert.All(late, outcome => Assert.Equal(Refusal.StreamEnded, outcome.Refusal?.Code));
    }

    [Fact]
    public async Task An_ended_stream_stays_ended()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var stream = cluster.Grains.GetGrain<IStreamGrain>(await cluster.GoLive("cleo"));
        await stream.End(cluster.Creator("cleo"));
        await cluster.Deactivate(stream);

        Assert.Equal("ended", (await stream.GetView()).Value?.Status);
    }

    [Fact]
    public async Task Gifts_to_oneself_to_unknown_streams_and_from_other_wallets_are_refused()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        await cluster.Buy("cleo");
        var stream = await cluster.GoLive("cleo");

        var toSelf = await cluster.Send("cleo", stream);
        var toNowhere = await cluster.Send("cleo", Guid.NewGuid());
        var fromAnother = await cluster.Grains.GetGrain<IWalletGrain>("cleo").SendGift(cluster.Viewer("mallory"), new GiftOrder(Some.Key(), stream, "rose", 1));
        var spying = await cluster.Grains.GetGrain<IWalletGrain>("cleo").GetBalance(cluster.Viewer("mallory"));
        var asCreator = await cluster.Grains.GetGrain<IWalletGrain>("cleo").GetBalance(cluster.Creator("cleo"));

        Assert.Equal([Refusal.SelfGift, Refusal.UnknownStream, Refusal.Forbidden], new[] { toSelf, toNowhere, fromAnother }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal([Refusal.Forbidden, Refusal.Forbidden], new[] { spying, asCreator }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal(330, await cluster.Coins("cleo"));
    }

    [Fact]
    public async Task A_days_limit_is_kept()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.Limits.CoinsPerDay = 50);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        var within = await cluster.Send("ann", stream, "confetti");
        var beyond = await cluster.Send("ann", stream, "rose");

        Assert.True(within.IsOk);
        Assert.Equal(Refusal.LimitExceeded, beyond.Refusal?.Code);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_wallet_that_is_deactivated_answers_the_same_from_snapshot_and_tail(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var keys = Enumerable.Range(0, 80).Select(_ => Some.Key()).ToList();
        foreach (var key in keys) Assert.True((await cluster.Send("ann", stream, key: key)).IsOk);
        var wallet = cluster.Grains.GetGrain<IWalletGrain>("ann");
        var before = (await wallet.GetBalance(cluster.Viewer("ann"))).Value;

        await cluster.Deactivate(wallet);
        var after = (await wallet.GetBalance(cluster.Viewer("ann"))).Value;
        var replays = await Task.WhenAll(keys.Select(key => cluster.Send("ann", stream, key: key)));

        Assert.Equivalent(before, after, strict: true);
        Assert.All(replays, replay => Assert.True(replay.Replayed));
        await cluster.Send("ann", stream, quantity: 5);   // too little for another snapshot: a tail
        await cluster.Deactivate(wallet);
        Assert.Equal(245, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task An_old_key_beyond_memory_is_replayed_whatever_its_form()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var ofTheFuture = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddHours(1));   // a caller whose clock is wrong
        Guid[] keys = [Guid.NewGuid(), Some.Key(), ofTheFuture];
        var first = new List<GiftReceipt>();
        foreach (var key in keys) first.Add((await cluster.Send("ann", stream, key: key)).Value!);
        for (var i = 0; i < 100; i++) await cluster.Send("ann", stream);

        var again = new List<Outcome<GiftReceipt>>();
        foreach (var key in keys) again.Add(await cluster.Send("ann", stream, key: key));

        Assert.Equal(first, again.Select(outcome => outcome.Value!));
        Assert.All(again, outcome => Assert.True(outcome.Replayed));
        Assert.Equal(330 - 103, await cluster.Coins("ann"));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Users_whose_ids_look_like_the_same_number_keep_their_own_wallets(Engine engine)
    {
        var database = await databases.Create(engine);
        string[] users = ["abc", "ABC", "0ABC", "1", "01", "a3bb189e8bf94a1c9d3a1f2e3d4c5b6a", "A3BB189E8BF94A1C9D3A1F2E3D4C5B6A"];
        await using (var cluster = await TestCluster.Start(database))
        {
            var stream = await cluster.GoLive("cleo");
            for (var i = 0; i < users.Length; i++)
            {
                await cluster.Buy(users[i]);
                for (var gift = 0; gift < 40; gift++) await cluster.Send(users[i], stream, quantity: i + 1);
            }
        }

        await using var restarted = await TestCluster.Start(database);

        for (var i = 0; i < users.Length; i++) Assert.Equal(330 - 40 * (i + 1), await restarted.Coins(users[i]));
    }

    [Fact]
    public async Task A_committed_gift_is_replayed_even_when_memory_missed_it_and_it_would_be_refused_now()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var key = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddMinutes(1));   // a caller whose clock is ahead
        var first = await cluster.Send("ann", stream, "coffee", 60, key);
        for (var i = 0; i < 29; i++) await cluster.Send("ann", stream);
        await cluster.Send("ann", stream);
        for (var i = 0; i < 2; i++) await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));   // the snapshot forgets the key

        var again = await cluster.Send("ann", stream, "coffee", 60, key);
        var found = await cluster.Grains.GetGrain<IWalletGrain>("ann").GetGift(cluster.Viewer("ann"), key);

        Assert.Equal((first.Value, true), (again.Value, again.Replayed));
        Assert.Equal(first.Value!.Balance, found.Value?.Balance);
    }
}
