using System.Collections.Concurrent;
using System.Net;
using Wallets.Grains.Settlement;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Settlement beside silos that are late: what they will deliver is left to them, for a while, and what nobody will is not.</summary>
public sealed class LateCreditTests(Databases databases)
{
    [Fact]
    public async Task A_silo_that_lives_and_is_late_is_left_its_credits()
    {
        LateLedger? late = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.SettlementGrace = TimeSpan.FromSeconds(2), wrap: inner => late = new LateLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        late!.Gate = new();
        await cluster.Send("ann", stream, "ice-cream");
        var debit = await LastOf(cluster, "ann");

        await Eventually.Is(() => Task.FromResult(late.Scans.LastOrDefault()), scan => scan.Horizon > debit.RecordedAt + TimeSpan.FromSeconds(4));
        late.Gate.SetResult();

        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        Assert.All(late.Scans, scan => Assert.Equal(0, scan.Gifts));
        Assert.Equal(0, late.LookUps);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_silo_that_is_late_for_too_long_is_helped_and_the_gift_credited_once()
    {
        LateLedger? late = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => (options.SettlementGrace, options.LongestSettlementGrace) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)), wrap: inner => late = new LateLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        late!.Gate = new();
        await cluster.Send("ann", stream, "ice-cream");
        var debit = await LastOf(cluster, "ann");

        var found = await Eventually.Is(() => Task.FromResult(late.Scans.FirstOrDefault(scan => scan.Gifts > 0)), scan => scan.Gifts > 0);
        late.Gate.SetResult();

        Assert.True(found.Horizon >= debit.RecordedAt + TimeSpan.FromSeconds(4));
        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        await Eventually.Is(() => Task.FromResult(late.LookUps), lookUps => lookUps > 0);   // the redelivery came, whichever was first
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_silo_that_says_no_more_is_not_waited_for()
    {
        LateLedger? late = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => late = new LateLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var dead = SiloAddress.New(IPAddress.Loopback, 1, 1);
        var cleo = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "cleo"))!.Value;
        var purchase = await LastOf(cluster, "ann");
        await cluster.Service<IGrainFactory>().GetGrain<ISettlementGrain>(ISettlementGrain.Key).LeaveTo(dead, purchase.RecordedAt);

        var recordedAt = await cluster.Ledger.Write(Some.Gift(purchase.AccountId, cleo, 10, 2, 330, stream: stream));

        await Eventually.Is(() => cluster.Diamonds("cleo"), diamonds => diamonds.Available.Value == 5);
        Assert.True(late!.Scans.First(scan => scan.Gifts > 0).Horizon > recordedAt + TimeSpan.FromSeconds(0.5));   // and until then it was
        await cluster.IsClean();
    }

    [Fact]
    public async Task Credits_that_fail_hold_up_nobody_elses()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.LongestSettlementGrace = TimeSpan.FromHours(1), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        await cluster.Buy("bob");
        var streams = (Broken: await cluster.GoLive("broken"), Whole: await cluster.GoLive("whole"));
        var whole = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "whole"))!.Value;
        faulty!.FailsFor = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "broken"))!.Value;
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(500);
        await cluster.Send("ann", streams.Broken);
        await cluster.Ledger.Write(Some.Gift((await LastOf(cluster, "bob")).AccountId, whole, 10, 2, 330, stream: streams.Whole));

        await Eventually.Is(() => cluster.Diamonds("whole"), diamonds => diamonds.Available.Value == 5);
        faulty.FailsFor = 0;

        await Eventually.Is(() => cluster.Diamonds("broken"), diamonds => diamonds.Available.Value == 1);
        await cluster.IsClean();
    }

    private static async Task<Entry> LastOf(TestCluster cluster, string userId)
    {
        var account = (await cluster.Ledger.FindAccount(AccountKind.Wallet, userId))!.Value;
        return (await cluster.Ledger.Read(account, 0, 10))[^1];
    }

    /// <summary>A ledger whose credits wait at a gate; notes what settlement's scans found, and which credits were looked up.</summary>
    private sealed class LateLedger(ILedger inner) : WrappedLedger(inner)
    {
        private int _lookUps;

        public TaskCompletionSource? Gate { get; set; }
        public ConcurrentQueue<(DateTimeOffset Horizon, int Gifts)> Scans { get; } = [];
        public int LookUps => _lookUps;

        public override async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
        {
            if (Gate is { } gate && batch.Any(append => append.Entries[0].Kind == EntryKind.GiftReceived)) await gate.Task.WaitAsync(cancellation);   // a test that fails ends all the same
            return await base.Commit(batch, cancellation);
        }

        public override async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only)
        {
            var scan = await base.FindUnsettled(since, before, grace, limit, except, only);
            Scans.Enqueue((scan.Horizon, scan.Gifts.Count));
            return scan;
        }

        public override Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits)
        {
            Interlocked.Increment(ref _lookUps);
            return base.FindCredits(accountId, credits);
        }
    }
}
