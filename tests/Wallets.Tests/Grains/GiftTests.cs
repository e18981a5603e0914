using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Ledger.Audit;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
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
        await IsClean(cluster);
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
        await IsClean(cluster);
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

        Assert.Equal(before, after);
        Assert.All(replays, replay => Assert.True(replay.Replayed));
        await cluster.Send("ann", stream, quantity: 5);   // too little for another snapshot: a tail
        await cluster.Deactivate(wallet);
        Assert.Equal(245, await cluster.Coins("ann"));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_debit_whose_silo_died_before_the_credit_is_settled_by_the_scan(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var ann = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        var cleo = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "cleo"))!.Value;

        // What a silo leaves that is killed right after the commit.
        await cluster.Ledger.Write(Some.Gift(ann, cleo, 10, 2, 330, stream: stream));

        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        await Eventually.Is(async () => (await cluster.Grains.GetGrain<IStreamGrain>(stream).GetView()).Value!.Totals.Coins.Value, coins => coins == 10);
        await IsClean(cluster);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Credits_delivered_again_flagged_or_not_change_nothing(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream, "ice-cream");
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        var ann = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        var debit = (await cluster.Ledger.Read(ann, 1, 1))[0];
        var receiver = cluster.Service<IGrainFactory>().GetGrain<ICreditReceiver>("cleo");
        var credit = Credit.Of(debit, "ann");

        await receiver.Receive([credit], redelivered: false);
        await receiver.Receive([credit, credit], redelivered: true);
        await receiver.Receive([credit, credit], redelivered: false);

        Assert.Equal(5, (await cluster.Diamonds("cleo")).Available.Value);
        await IsClean(cluster);
    }

    [Fact]
    public async Task A_stale_second_activation_is_fenced_and_recovers()
    {
        var database = await databases.Create(Engine.Postgres);
        await using var one = await TestCluster.Start(database);
        await using var other = await TestCluster.Start(database);
        await one.Buy("ann");
        var stream = await one.GoLive("cleo");
        Assert.Equal(330, await other.Coins("ann"));   // now each cluster holds an activation of the same wallet
        var key = Some.Key();
        await one.Send("ann", stream, "coffee", 60, key);   // 300 coins

        var stale = await Assert.ThrowsAsync<UnavailableException>(() => other.Send("ann", stream, "coffee", 50));
        var replay = await other.Send("ann", stream, "coffee", 60, key);
        var overdraft = await other.Send("ann", stream, "coffee", 50);

        Assert.Contains("retry", stale.Message, StringComparison.Ordinal);
        Assert.True(replay.Replayed);
        Assert.Equal(Refusal.InsufficientFunds, overdraft.Refusal?.Code);
        Assert.Equal(30, await other.Coins("ann"));
        await Eventually.Is(() => one.Diamonds("cleo"), diamonds => diamonds.Available.Value == 150);
        await IsClean(one);
    }

    [Fact]
    public async Task A_gift_whose_commit_acknowledgement_is_lost_is_answered_as_committed()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var commits = faulty!.Commits;
        faulty.Plan = commit => commit == commits + 1 ? FaultyLedger.Fault.AfterCommit : FaultyLedger.Fault.None;

        var sent = await cluster.Send("ann", stream, "ice-cream");

        Assert.True(sent.IsOk);
        Assert.Equal(320, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        await IsClean(cluster);
    }

    [Fact]
    public async Task While_the_database_is_away_nothing_is_acknowledged_and_afterwards_the_same_key_works()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(100);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var key = Some.Key();
        faulty!.Plan = _ => FaultyLedger.Fault.BeforeCommit;

        await Assert.ThrowsAsync<UnavailableException>(() => cluster.Send("ann", stream, key: key));
        faulty.Plan = _ => FaultyLedger.Fault.None;
        var sent = await cluster.Send("ann", stream, key: key);

        Assert.True(sent.IsOk && !sent.Replayed);
        Assert.Equal(329, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_grain_that_does_not_know_says_so()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(100);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var (commits, key) = (faulty!.Commits, Some.Key());
        faulty.Plan = commit => commit == commits + 1 ? FaultyLedger.Fault.AfterCommit : FaultyLedger.Fault.BeforeCommit;

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => cluster.Send("ann", stream, key: key));
        faulty.Plan = _ => FaultyLedger.Fault.None;
        var retried = await cluster.Send("ann", stream, key: key);

        Assert.True(retried.Replayed);
        Assert.Equal(329, await cluster.Coins("ann"));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 1);
    }

    [Fact]
    public async Task A_gift_that_is_too_young_to_be_delivered_again_is_not_forgotten()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SettlementGrace = TimeSpan.FromSeconds(4));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var ann = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        var cleo = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "cleo"))!.Value;
        await cluster.Ledger.Write(Some.Gift(ann, cleo, 10, 2, 330, stream: stream));

        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
    }

    [Fact]
    public async Task A_creator_who_cannot_be_credited_for_a_while_holds_up_nobody_and_is_credited_later()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SetAsideInterval = TimeSpan.FromSeconds(1), wrap: inner => faulty = new FaultyLedger(inner));
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(50);
        await cluster.Buy("ann");
        var streams = (Broken: await cluster.GoLive("broken"), Whole: await cluster.GoLive("whole"));
        var ann = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        var broken = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "broken"))!.Value;
        var whole = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "whole"))!.Value;
        faulty!.FailsFor = broken;
        await cluster.Ledger.Write(Some.Gift(ann, broken, 10, 2, 330, stream: streams.Broken));
        await cluster.Ledger.Write(Some.Gift(ann, whole, 10, 3, 320, stream: streams.Whole));

        await Eventually.Is(() => cluster.Diamonds("whole"), diamonds => diamonds.Available.Value == 5);
        Assert.Equal(0, (await cluster.Diamonds("broken")).Available.Value);
        await cluster.Ledger.Write(Some.Gift(ann, whole, 10, 4, 310, stream: streams.Whole));
        await Eventually.Is(() => cluster.Diamonds("whole"), diamonds => diamonds.Available.Value == 10);
        faulty.FailsFor = 0;

        await Eventually.Is(() => cluster.Diamonds("broken"), diamonds => diamonds.Available.Value == 5);
        await IsClean(cluster);
    }

    [Fact]
    public async Task The_client_retries_an_unknown_outcome_with_the_same_key_until_it_is_known()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(100);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var (commits, since) = (faulty!.Commits, TimeProvider.System.GetTimestamp());
        faulty.Plan = commit => commit == commits + 1 ? FaultyLedger.Fault.AfterCommit
            : TimeProvider.System.GetElapsedTime(since).TotalMilliseconds < 150 ? FaultyLedger.Fault.BeforeCommit : FaultyLedger.Fault.None;

        var sent = await new WalletsClient(cluster.Grains).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "ice-cream", 1));

        Assert.True(sent.IsOk && sent.Replayed);
        Assert.Equal(320, await cluster.Coins("ann"));
        await IsClean(cluster);
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

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":"many"}}""")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":999,"Balance":1000000,"Lots":[],"SpentByDay":[]}}""")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":5,"Balance":1000000,"Lots":[],"SpentByDay":[]}}""")]
    public async Task A_snapshot_that_does_not_fit_the_ledger_is_not_believed(string snapshot)
    {
        var database = await databases.Create(Engine.Postgres);
        await using (var cluster = await TestCluster.Start(database))
        {
            await cluster.Buy("ann");
            var stream = await cluster.GoLive("cleo");
            for (var i = 0; i < 40; i++) await cluster.Send("ann", stream);
        }
        await database.Execute($"DO $$ BEGIN UPDATE OrleansStorage SET PayloadBinary = '{snapshot}'::bytea WHERE GrainTypeString = 'wallet'; IF NOT FOUND THEN RAISE 'no snapshot'; END IF; END $$");

        await using var restarted = await TestCluster.Start(database);

        Assert.Equal(290, await restarted.Coins("ann"));
        Assert.True((await restarted.Send("ann", await restarted.GoLive("cleo"))).IsOk);
    }

    private static async Task IsClean(TestCluster cluster)
    {
        var report = await Eventually.Is(() => new LedgerAudit(cluster.Ledger, TimeProvider.System).Run(TimeSpan.FromSeconds(30)), report => report.InFlight == 0);
        Assert.Empty(report.Violations);
    }
}
