using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Core.Internal;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>Payouts and a provider that behaves, and one that does not. The sandbox's own list says what was really paid.</summary>
public sealed class PayoutTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_payout_is_paid_and_says_how(Engine engine)
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(engine));
        var creator = await cluster.CreatorWith(1_000);
        var key = Some.Key();

        var requested = (await cluster.CashOut(creator, 1_000, key)).Value!;
        var paid = await cluster.PayoutIs(creator, key, Payout.Paid);

        Assert.Equal((Payout.Requested, new Money(1_000, "USD")), (requested.Status, requested.Amount));
        Assert.Equal((new Money(10, "USD"), new Money(990, "USD"), new Money(1_000, "USD"), true), (paid.Fee!.Value, paid.PaidOut!.Value, paid.Payable, paid.EndedAt >= paid.RequestedAt));
        Assert.StartsWith("sandbox-", paid.Reference, StringComparison.Ordinal);
        Assert.Equal([("USD", 1_000L)], (await sandbox.TransfersTo(creator)).Select(transfer => (transfer.Currency, transfer.AmountMinor)));
        Assert.Equal(new DiamondsByState(new(0), new(0), new(0), new(1_000)), await cluster.Diamonds(creator));
        Assert.Equal((requested, true), ((await cluster.CashOut(creator, 1_000, key)) is var again ? (again.Value!, again.Replayed) : default));
        Assert.Equal([paid], (await cluster.Grains.GetGrain<IEarningsGrain>(creator).GetPayouts(cluster.Creator(creator), 0, 10)).Value!.Items);
        Assert.Empty(await cluster.Queue());
        await cluster.IsClean();
    }

    [Theory]
    [InlineData("pay")]
    [InlineData("pending")]
    [InlineData("lose")]
    [InlineData("drop")]
    [InlineData("hang")]
    [InlineData("error")]
    [InlineData("twice")]
    [InlineData("contradict")]
    public async Task Whatever_becomes_of_the_order_it_is_paid_once(string order)
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite));
        var creator = await cluster.CreatorWith(100);
        var key = Some.Key();
        var orders = await sandbox.OrdersReceived();
        await sandbox.Behave(new(order, Asks: 2));

        await cluster.CashOut(creator, 100, key);
        await Eventually.Is(sandbox.OrdersReceived, received => received > orders);
        if (order is "drop" or "error")
        {
            await cluster.PayoutIs(creator, key, Payout.Unknown);
            await sandbox.Behave();
        }

        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Single(await sandbox.TransfersTo(creator));
        Assert.Equal(100, (await cluster.Diamonds(creator)).Paid.Value);
        await cluster.IsClean();
    }

    [Theory]
    [InlineData("hang", null)]
    [InlineData("drop", null)]
    [InlineData("error", null)]
    [InlineData("forget", null)]
    [InlineData("answer", "json")]
    [InlineData("answer", "html")]
    [InlineData("answer", "status")]
    [InlineData("answer", "amount")]
    [InlineData("answer", "currency")]
    [InlineData("answer", "key")]
    [InlineData("answer", "empty")]
    public async Task While_nothing_sensible_is_said_it_stays_unknown_and_an_operator_sees_why(string look, string? nonsense)
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite), options => options.ResubmitAfter = TimeSpan.FromSeconds(10));
        var creator = await cluster.CreatorWith(100);
        var key = Some.Key();
        await CashOutWithoutAnswer(cluster, creator, key);
        await sandbox.Behave(new(Look: look, Nonsense: nonsense));

        var seen = await Eventually.Is(() => cluster.CaseOf(creator, key), payout => payout.Asked >= 3);

        Assert.Equal(Payout.Unknown, seen.Status);
        Assert.NotEmpty(seen.Problem!);
        Assert.Contains(await cluster.Queue(Payout.Unknown), payout => payout.Key == key && payout.Problem is not null);
        Assert.Equal(new DiamondsByState(new(0), new(0), new(100), new(0)), await cluster.Diamonds(creator));
        await sandbox.Behave();
        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Single(await sandbox.TransfersTo(creator));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_queue_that_has_gone_begins_nothing_more()
    {
        using var warnings = new Warnings();
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite), add: services => services.AddSingleton<ILoggerProvider>(warnings));
        var creator = await cluster.CreatorWith(100);
        var key = Some.Key();
        await CashOutWithoutAnswer(cluster, creator, key);
        await sandbox.Behave(new(Look: "drop"));
        var before = await Eventually.Is(() => cluster.CaseOf(creator, key), payout => payout.Asked >= 2);

        await cluster.Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key).Cast<IGrainManagementExtension>().DeactivateOnIdle();

        await Eventually.Is(() => cluster.CaseOf(creator, key), payout => payout.Asked >= before.Asked + 5);   // by the next activation
        Assert.DoesNotContain(warnings.Seen, warning => warning.Contains("could not be worked on", StringComparison.Ordinal));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task What_failed_comes_back_and_can_be_cashed_out_again(Engine engine)
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(engine));
        var creator = await cluster.CreatorWith(100);
        var (first, second) = (Some.Key(), Some.Key());
        await sandbox.Behave(new("fail"));

        await cluster.CashOut(creator, 100, first);
        var failed = await cluster.PayoutIs(creator, first, Payout.Failed);
        var returned = await cluster.Diamonds(creator);
        await sandbox.Behave();
        await cluster.CashOut(creator, 100, second);
        await cluster.PayoutIs(creator, second, Payout.Paid);

        Assert.Contains("account_closed", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(new DiamondsByState(new(0), new(100), new(0), new(0)), returned);
        Assert.Single(await sandbox.TransfersTo(creator));
        Assert.Equal([Payout.Failed, Payout.Paid], (await cluster.Grains.GetGrain<IEarningsGrain>(creator).GetPayouts(cluster.Creator(creator), 0, 10)).Value!.Items.Select(payout => payout.Status));
        var page = (await cluster.Grains.GetGrain<IEarningsGrain>(creator).GetPayouts(cluster.Creator(creator), 0, 1)).Value!;
        Assert.Equal(second, (await cluster.Grains.GetGrain<IEarningsGrain>(creator).GetPayouts(cluster.Creator(creator), long.Parse(page.Next!), 1)).Value!.Items.Single().Key);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_slow_provider_is_waited_for()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite));
        var creator = await cluster.CreatorWith(100);
        var key = Some.Key();
        await sandbox.Behave(new(DelayMs: 600));

        await cluster.CashOut(creator, 100, key);

        await cluster.PayoutIs(creator, key, Payout.Submitted);
        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Single(await sandbox.TransfersTo(creator));
    }

    [Fact]
    public async Task Past_its_deadline_a_payout_alerts_once_and_is_asked_for_all_the_same()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite), options => options.Deadline = TimeSpan.FromMilliseconds(300));
        using var alerts = new CountedMetric("wallets.payouts.alerts");
        var creator = await cluster.CreatorWith(100);
        var key = Some.Key();

        await CashOutWithoutAnswer(cluster, creator, key);
        await sandbox.Behave(new(Look: "error"));
        var overdue = await Eventually.Is(() => cluster.CaseOf(creator, key), payout => payout.IsOverdue && payout.Asked > 5);
        var counted = alerts.Count;
        await sandbox.Behave();

        Assert.Equal((Payout.Unknown, 1), (overdue.Status, counted));
        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Equal(1, alerts.Count);
        Assert.False((await cluster.CaseOf(creator, key)).IsOverdue);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_payout_that_nobody_was_told_of_is_found_in_the_ledger(Engine engine)
    {
        var database = await databases.Create(engine);
        string creator;
        var key = Some.Key();
        await using (var without = await TestCluster.Start(database))
        {
            creator = await without.CreatorWith(100);
            await without.CashOut(creator, 100, key);
            Assert.Equal(Payout.Reserved, (await Eventually.Is(() => without.Queue(), open => open.Length == 1))[0].Status);
        }

        await using var cluster = await sandbox.Cluster(database);

        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Single(await sandbox.TransfersTo(creator));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_payout_whose_own_state_is_lost_is_not_paid_again()
    {
        var database = await databases.Create(Engine.Postgres);
        string creator;
        var key = Some.Key();
        await using (var before = await sandbox.Cluster(database))
        {
            creator = await before.CreatorWith(100);
            await CashOutWithoutAnswer(before, creator, key);
            await sandbox.Behave(new(Look: "error"));
            await before.PayoutIs(creator, key, Payout.Unknown);
            Assert.Single(await sandbox.TransfersTo(creator));
        }
        await database.Execute("DO $$ BEGIN DELETE FROM OrleansStorage WHERE GrainTypeString LIKE 'payout%'; IF NOT FOUND THEN RAISE 'no state'; END IF; END $$");

        await using var cluster = await sandbox.Cluster(database, behaviour: new("twice"));

        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Single(await sandbox.TransfersTo(creator));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_key_of_the_kind_that_ends_have_is_refused()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite));
        var creator = await cluster.CreatorWith(100);

        Assert.Equal(Refusal.InvalidKey, (await cluster.CashOut(creator, 1, DerivedKey.Of("mine"))).Refusal?.Code);
    }

    /// <summary>The provider has the order, has paid it, and lets its caller wait.</summary>
    private async Task CashOutWithoutAnswer(TestCluster cluster, string creator, Guid key)
    {
        var orders = await sandbox.OrdersReceived();
        await sandbox.Behave(new("hang"));
        await cluster.CashOut(creator, 100, key);
        await Eventually.Is(sandbox.OrdersReceived, received => received > orders);
    }
}
