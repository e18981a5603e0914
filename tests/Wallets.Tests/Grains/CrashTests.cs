using System.Collections.Concurrent;
using Orleans.Core.Internal;
using Orleans.Runtime.Placement;
using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What a gift is after something died, answered late, or came twice.</summary>
public sealed class CrashTests(Databases databases)
{
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
        await cluster.IsClean();
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
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_wallet_that_moves_to_another_silo_takes_its_state_along()
    {
        var reads = new ConcurrentQueue<long>();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2, wrap: inner => new SpiedLedger(inner, reads));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        for (var n = 0; n < 5; n++) await cluster.Send("ann", stream, "ice-cream");
        var wallet = cluster.Grains.GetGrain<IWalletGrain>("ann");
        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        var from = await management.GetActivationAddress(wallet);
        var to = (await management.GetHosts()).Keys.Single(silo => !silo.Equals(from));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 25);
        reads.Clear();

        RequestContext.Set(IPlacementDirector.PlacementHintKey, to);
        await wallet.Cast<IGrainManagementExtension>().MigrateOnIdle();
        RequestContext.Clear();

        await Eventually.Is(async () => await management.GetActivationAddress(wallet), silo => to.Equals(silo));
        Assert.Equal(280, await cluster.Coins("ann"));
        Assert.Equal([5], reads);   // from its own last entry on
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_key_used_a_moment_ago_is_replayed_without_a_read()
    {
        var lookUps = new ConcurrentQueue<Guid>();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => new SpiedLedger(inner, [], lookUps));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var first = await cluster.Send("ann", stream);

        var again = await cluster.Send("ann", stream, key: first.Value!.Key);

        Assert.Equal((first.Value, true), (again.Value, again.Replayed));
        Assert.Empty(lookUps);
    }

    /// <summary>Notes after which entry an account was read, and which keys were looked up.</summary>
    private sealed class SpiedLedger(ILedger inner, ConcurrentQueue<long> reads, ConcurrentQueue<Guid>? lookUps = null) : WrappedLedger(inner)
    {
        public override Task<Entry?> FindTransfer(long accountId, Guid transferId)
        {
            lookUps?.Enqueue(transferId);
            return base.FindTransfer(accountId, transferId);
        }

        public override Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit)
        {
            reads.Enqueue(afterSeq);
            return base.Read(accountId, afterSeq, limit);
        }

        public override Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq)
        {
            reads.Enqueue(afterSeq);
            return base.FindTail(kind, name, afterSeq);
        }
    }

    [Fact]
    public async Task After_a_redelivery_only_what_was_redelivered_is_looked_up()
    {
        var lookUps = new ConcurrentQueue<CreditId>();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SettlementGrace = TimeSpan.FromMinutes(1), wrap: inner => new CreditSpy(inner, lookUps));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        await cluster.Send("ann", stream);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 1);
        var debit = (await cluster.Ledger.Read((await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value, 1, 1))[0];
        var redelivered = Credit.Of(debit, "ann");

        await cluster.Service<IGrainFactory>().GetGrain<ICreditReceiver>("cleo").Receive([redelivered], redelivered: true);
        for (var n = 0; n < 5; n++) await cluster.Send("ann", stream);
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 6);
        await cluster.Service<IGrainFactory>().GetGrain<ICreditReceiver>("cleo").Receive([redelivered], redelivered: false);

        Assert.Equal([redelivered.Id, redelivered.Id], lookUps);
        await cluster.IsClean();
    }

    private sealed class CreditSpy(ILedger inner, ConcurrentQueue<CreditId> lookUps) : WrappedLedger(inner)
    {
        public override Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits)
        {
            foreach (var credit in credits) lookUps.Enqueue(credit);
            return base.FindCredits(accountId, credits);
        }
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
        await one.IsClean();
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
        await cluster.IsClean();
    }

    [Fact]
    public async Task While_the_database_is_away_nothing_is_acknowledged_and_afterwards_the_same_key_works()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var key = Some.Key();
        var writer = cluster.Service<LedgerWriterOptions>();
        var patience = writer.GiveUpAfter;
        writer.GiveUpAfter = TimeSpan.FromMilliseconds(100);
        faulty!.Plan = _ => FaultyLedger.Fault.BeforeCommit;

        await Assert.ThrowsAsync<UnavailableException>(() => cluster.Send("ann", stream, key: key));
        faulty.Plan = _ => FaultyLedger.Fault.None;
        writer.GiveUpAfter = patience;
        var sent = await cluster.Send("ann", stream, key: key);

        Assert.True(sent.IsOk && !sent.Replayed);
        Assert.Equal(329, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task A_grain_that_does_not_know_says_so()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromSeconds(1);
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
    public async Task When_the_databases_clock_is_set_back_settlement_looks_back()
    {
        ClockedLedger? clocked = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => clocked = new ClockedLedger(inner) { Ahead = TimeSpan.FromSeconds(30) });
        await Eventually.Is(() => Task.FromResult(clocked?.Scans.Count ?? 0), scans => scans >= 3);
        var before = clocked!.Scans.Max();

        clocked.Ahead = TimeSpan.Zero;

        await Eventually.Is(() => Task.FromResult(clocked.Scans.Last()), since => since < before - TimeSpan.FromMinutes(10));
        await Eventually.Is(() => Task.FromResult(clocked.Scans.Last()), since => since > before - TimeSpan.FromMinutes(1));   // once is enough
    }

    /// <summary>A ledger whose database's clock is ahead for a while; notes from when on settlement looked.</summary>
    private sealed class ClockedLedger(ILedger inner) : WrappedLedger(inner)
    {
        public TimeSpan Ahead { get; set; }
        public ConcurrentQueue<DateTimeOffset> Scans { get; } = [];

        public override async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only)
        {
            Scans.Enqueue(since);
            var scan = await base.FindUnsettled(since, before, grace, limit, except, only);
            return scan with { Horizon = scan.Horizon + Ahead };
        }
    }

    [Fact]
    public async Task A_creator_who_cannot_be_credited_for_a_while_holds_up_nobody_and_is_credited_later()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SetAsideInterval = TimeSpan.FromSeconds(1), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var streams = (Broken: await cluster.GoLive("broken"), Whole: await cluster.GoLive("whole"));
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(50);
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
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_delivery_that_failed_is_repeated_by_the_relay_itself()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SettlementGrace = TimeSpan.FromHours(1), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        faulty!.FailsFor = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "cleo"))!.Value;
        var commits = faulty.Commits;

        await cluster.Send("ann", stream, "ice-cream");
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(50);
        await Eventually.Is(() => Task.FromResult(faulty.Commits), seen => seen > commits + 4);
        faulty.FailsFor = 0;

        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
    }

    [Fact]
    public async Task The_client_retries_an_unknown_outcome_with_the_same_key_until_it_is_known()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromSeconds(1);
        var commits = faulty!.Commits;
        faulty.Plan = commit => commit == commits + 1 ? FaultyLedger.Fault.AfterCommit : FaultyLedger.Fault.BeforeCommit;

        var sent = await new WalletsClient(cluster.Grains, new LostConnections()).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "ice-cream", 1));

        faulty.Plan = _ => FaultyLedger.Fault.None;
        Assert.True(sent.IsOk && sent.Replayed);
        Assert.Equal(320, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_call_under_way_when_a_connection_is_lost_is_asked_again_at_once()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var (commits, gate, connections) = (faulty!.Commits, new TaskCompletionSource(), new LostConnections());
        faulty.Gate = gate.Task;

        var sending = new WalletsClient(cluster.Grains, connections).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "ice-cream", 1));
        await Eventually.Is(() => Task.FromResult(faulty.Commits), seen => seen > commits);
        connections.Tell();
        gate.SetResult();

        Assert.True((await sending).Replayed);   // the second asking is answered, with what the first one did
        Assert.Equal(320, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":"many"}}""")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":999,"Balance":1000000,"LifetimeRefunded":0,"Lots":[],"SpentByDay":[]}}""")]
    [InlineData("""{"Name":"ann","AccountId":77,"State":{"Seq":5,"Balance":326,"LifetimeRefunded":0,"Lots":[],"SpentByDay":[]}}""")]
    [InlineData("""{"Name":"ann","AccountId":1,"State":{"Seq":5,"Balance":1000000,"LifetimeRefunded":0,"Lots":[],"SpentByDay":[]}}""")]
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

    [Fact]
    public async Task A_wallet_with_more_entries_than_a_tail_begins_with_all_of_them()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var ann = await cluster.Ledger.OpenAccount(AccountKind.Wallet, "ann");
        await cluster.Ledger.Write([.. Enumerable.Range(1, AccountTail.Longest + 7).Select(seq => Some.Purchase(ann, 10, seq, (seq - 1) * 10))]);

        Assert.Equal((AccountTail.Longest + 7) * 10, await cluster.Coins("ann"));
        Assert.True((await cluster.Send("ann", await cluster.GoLive("cleo"))).IsOk);
    }
}
