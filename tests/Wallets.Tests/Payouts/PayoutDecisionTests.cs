using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>What operators decide: large payouts, and those whose end nobody says.</summary>
public sealed class PayoutDecisionTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    private static readonly Caller Olga = PayoutSteps.Operator();
    private static readonly Caller Otto = PayoutSteps.Operator("otto");

    [Fact]
    public async Task A_large_payout_waits_for_an_operator_and_a_larger_one_for_two()
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(350);
        var (small, large, larger) = (Some.Key(), Some.Key(), Some.Key());
        await cluster.CashOut(creator, 50, small);
        await cluster.CashOut(creator, 100, large);
        await cluster.CashOut(creator, 200, larger);
        await cluster.PayoutIs(creator, small, Payout.Paid);
        var waiting = await Eventually.Is(() => cluster.Queue(Payout.AwaitingApproval), open => open.Length == 2);

        var one = await cluster.Case(creator, large).Approve(Olga, "Known for years");
        var first = await cluster.Case(creator, larger).Approve(Olga, null);
        var again = await cluster.Case(creator, larger).Approve(Olga, null);
        await cluster.PayoutIs(creator, large, Payout.Paid);
        var meanwhile = await cluster.PayoutOf(creator, larger);
        var second = await cluster.Case(creator, larger).Approve(Otto, "Called her");
        await cluster.PayoutIs(creator, larger, Payout.Paid);

        Assert.Equal([(large, 1), (larger, 2)], waiting.Select(payout => (payout.Key, payout.OperatorsNeeded)));
        Assert.True(one.IsOk && first.IsOk && second.IsOk);
        Assert.Equal((Payout.AwaitingApproval, Refusal.SecondApproverNeeded, Payout.AwaitingApproval), (first.Value!.Status, again.Refusal?.Code, meanwhile.Status));
        var record = (await cluster.CaseOf(creator, larger)).Decisions;
        Assert.Equal([("approved", "olga", null), ("approved", "otto", "Called her")], record.Select(decision => (decision.Act, decision.Actor, decision.Reason)));
        Assert.Equal([50L, 100L, 200L], (await sandbox.TransfersTo(creator)).Select(transfer => transfer.AmountMinor).Order());
        await cluster.IsClean();
    }

    [Fact]
    public async Task What_is_rejected_comes_back_and_says_why()
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(200);
        var key = Some.Key();
        await cluster.CashOut(creator, 200, key);
        await cluster.PayoutIs(creator, key, Payout.AwaitingApproval);

        var withoutReason = await cluster.Case(creator, key).Reject(Olga, " ");
        var rejected = await cluster.Case(creator, key).Reject(Olga, "The account is not hers");
        var late = await cluster.Case(creator, key).Approve(Otto, null);

        Assert.Equal((Refusal.InvalidReason, Refusal.NotUndecided), (withoutReason.Refusal?.Code, late.Refusal?.Code));
        Assert.Equal((Payout.Failed, "The account is not hers"), (rejected.Value!.Status, (await cluster.PayoutOf(creator, key)).Reason));
        Assert.Equal(200, (await cluster.Diamonds(creator)).Available.Value);
        Assert.Empty(await sandbox.TransfersTo(creator));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_creator_who_may_not_be_paid_any_more_is_held_until_it_is_settled_by_hand()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite), options => (options.RequireProfile, options.ApprovalAboveMinor) = (true, 50));
        var creator = await cluster.CreatorWith(200);
        var (one, other) = (Some.Key(), Some.Key());
        var profile = cluster.Grains.GetGrain<IPayoutProfileGrain>(creator);
        await profile.Set(Olga, new("verified", "verified", creator, null, null, "All there"));
        await cluster.CashOut(creator, 90, one);
        await cluster.CashOut(creator, 110, other);
        await cluster.PayoutIs(creator, other, Payout.AwaitingApproval);
        await profile.Set(Olga, new("rejected", null, null, null, null, "Passport was stolen"));
        foreach (var key in new[] { one, other }) await cluster.Case(creator, key).Approve(Olga, null);

        var held = await Eventually.Is(() => cluster.CaseOf(creator, one), payout => payout.Problem is not null);
        await Eventually.Is(() => cluster.CaseOf(creator, other), payout => payout.Problem is not null);
        await sandbox.Behave(new(Look: "error"));
        var unasked = await cluster.Case(creator, one).Reject(Olga, "Fraud");
        await sandbox.Behave();
        var rejected = await cluster.Case(creator, one).Reject(Olga, "Fraud");
        await profile.Set(Olga, new("verified", null, null, null, null, "Passport was found"));

        Assert.Equal((Payout.Reserved, Refusal.NotUndecided, Payout.Failed), (held.Status, unasked.Refusal?.Code, rejected.Value!.Status));
        await cluster.PayoutIs(creator, other, Payout.Paid);
        Assert.Equal([110L], (await sandbox.TransfersTo(creator)).Select(transfer => transfer.AmountMinor));
        await cluster.IsClean();
    }

    [Theory]
    [InlineData("paid", "bank statement 7", Payout.Paid)]
    [InlineData("failed", null, Payout.Failed)]
    public async Task An_unknown_payout_is_resolved_by_hand_and_a_large_one_by_two_who_agree(string outcome, string? reference, string end)
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(250);
        var (small, large) = (Some.Key(), Some.Key());
        await sandbox.Behave(new("error"));   // the provider refuses every order, and knows none of them
        await cluster.CashOut(creator, 50, small);
        await cluster.CashOut(creator, 200, large);
        await cluster.PayoutIs(creator, large, Payout.AwaitingApproval);
        await cluster.Case(creator, large).Approve(Olga, null);
        await cluster.Case(creator, large).Approve(Otto, null);
        await cluster.PayoutIs(creator, small, Payout.Unknown);
        await cluster.PayoutIs(creator, large, Payout.Unknown);
        var (resolution, other) = (new PayoutResolution(outcome, reference, "The bank says so"), new PayoutResolution("paid", "another", "I think so"));

        var resolved = await cluster.Case(creator, small).Resolve(Olga, resolution);
        var unreferenced = await cluster.Case(creator, large).Resolve(Olga, new("paid", null, "I think so"));
        var differing = await cluster.Case(creator, large).Resolve(Otto, other);
        var first = await cluster.Case(creator, large).Resolve(Olga, resolution);
        var again = await cluster.Case(creator, large).Resolve(Olga, resolution);
        var second = await cluster.Case(creator, large).Resolve(Otto, resolution);

        Assert.Equal(end, resolved.Value!.Status);
        Assert.Equal((Refusal.InvalidReason, Refusal.SecondApproverNeeded), (unreferenced.Refusal?.Code, again.Refusal?.Code));
        Assert.Equal((Payout.Unknown, Payout.Unknown, end), (differing.Value!.Status, first.Value!.Status, second.Value!.Status));
        Assert.Equal(reference, (await cluster.PayoutOf(creator, large)).Reference);
        Assert.Equal(end == Payout.Paid ? 250 : 0, (await cluster.Diamonds(creator)).Paid.Value);
        Assert.Empty(await Eventually.Is(() => cluster.Queue(), open => open.Length == 0));
        await cluster.IsClean();
    }

    [Fact]
    public async Task Without_a_provider_payouts_stay_reserved_until_an_operator_says_how_they_ended()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => PayoutSandbox.Hurry(options));
        var creator = await cluster.CreatorWith(100);
        var (paid, rejected) = (Some.Key(), Some.Key());
        await cluster.CashOut(creator, 60, paid);
        await cluster.CashOut(creator, 40, rejected);
        await Eventually.Is(() => cluster.Queue(Payout.Reserved), open => open.Length == 2);

        Assert.True((await cluster.Case(creator, paid).Resolve(Olga, new("paid", "by hand 1", "Paid from the office"))).IsOk);
        Assert.True((await cluster.Case(creator, rejected).Reject(Olga, "Asked us not to")).IsOk);

        Assert.Equal(new DiamondsByState(new(0), new(40), new(0), new(60)), await cluster.Diamonds(creator));
        await cluster.IsClean();
    }

    [Fact]
    public async Task Only_operators_decide_and_never_about_themselves()
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(200);
        var key = Some.Key();
        await cluster.CashOut(creator, 200, key);
        await cluster.PayoutIs(creator, key, Payout.AwaitingApproval);
        var payout = cluster.Case(creator, key);

        var refusals = new[]
        {
            (await payout.Approve(cluster.Creator(creator), null)).Refusal,
            (await payout.Approve(new(creator, Roles.Operator | Roles.Creator), null)).Refusal,
            (await payout.Reject(cluster.Creator("mallory"), "Mine")).Refusal,
            (await payout.Resolve(cluster.Viewer("mallory"), new("failed", null, "Mine"))).Refusal,
            (await payout.GetCase(cluster.Creator(creator))).Refusal,
            (await cluster.Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key).GetOpen(cluster.Creator(creator), null, null, 10)).Refusal,
        };

        Assert.All(refusals, refusal => Assert.Equal(Refusal.Forbidden, refusal?.Code));
        Assert.Equal(Refusal.UnknownTransfer, (await cluster.Case(creator, Some.Key()).Approve(Olga, null)).Refusal?.Code);
        Assert.Equal(Refusal.NotUndecided, (await payout.Resolve(Olga, new("failed", null, "I do not like it"))).Refusal?.Code);
    }

    [Fact]
    public async Task The_queue_is_read_page_by_page()
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(1_000);
        for (var i = 0; i < 5; i++) await cluster.CashOut(creator, 101 + i);
        await Eventually.Is(() => cluster.Queue(Payout.AwaitingApproval), open => open.Length == 5);
        var queue = cluster.Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key);

        var first = (await queue.GetOpen(Olga, null, null, 3)).Value!;
        var second = (await queue.GetOpen(Olga, null, first.Next, 3)).Value!;

        Assert.Equal([101L, 102L, 103L, 104L, 105L], first.Items.Concat(second.Items).Select(payout => payout.Diamonds.Value));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task What_has_ended_is_read_page_by_page_the_latest_first()
    {
        await using var cluster = await Start();
        var creator = await cluster.CreatorWith(1_000);
        for (var i = 0; i < 3; i++) await cluster.CashOut(creator, 101 + i);
        var open = await Eventually.Is(() => cluster.Queue(Payout.AwaitingApproval), open => open.Length == 3);
        foreach (var payout in open) Assert.True((await cluster.Case(creator, payout.Key).Reject(Olga, "No")).IsOk);
        var queue = cluster.Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key);

        var first = (await queue.GetEnded(Olga, Payout.Failed, null, 2)).Value!;
        var second = (await queue.GetEnded(Olga, Payout.Failed, first.Next, 2)).Value!;

        Assert.Equal(Enumerable.Reverse(open).Select(payout => (payout.Key, Payout.Failed, "No")), first.Items.Concat(second.Items).Select(payout => (payout.Key, payout.Status, payout.Reason!)));
        Assert.Null(second.Next);
        Assert.Empty((await queue.GetEnded(Olga, Payout.Paid, "no cursor", 2)).Value!.Items);
        Assert.Equal(Refusal.Forbidden, (await queue.GetEnded(cluster.Creator(creator), Payout.Failed, null, 2)).Refusal?.Code);
    }

    private async Task<TestCluster> Start() => await sandbox.Cluster(await databases.Create(Engine.Sqlite), options =>
    {
        options.ApprovalAboveMinor = 60;
        options.SecondApprovalAboveMinor = 150;
        options.ResubmitAfter = TimeSpan.FromMinutes(1);
    });
}
