namespace Wallets.Grains.Payouts;

internal readonly record struct Decided(PayoutState? State, Refusal? Refusal)
{
    public static implicit operator Decided(PayoutState state) => new(state, null);
    public static implicit operator Decided(Refusal refusal) => new(null, refusal);
}

/// <summary>What a payout does with an operator's decision. Every decision that counts is kept, with who, when and why. Pure.</summary>
internal static class PayoutDecisions
{
    private const int MaxReferenceLength = 200;
    private const int MaxDecisions = 100;

    public static Decided Approve(PayoutState state, PayoutFacts facts, PayoutOptions options, string actor, string? reason, DateTimeOffset now)
    {
        if (reason is not null && !Reasons.IsGiven(reason)) return Reasons.Missing;
        if (HasEnded(state, facts) || state.StatusOf(facts.Amount, options) != Payout.AwaitingApproval) return NotUndecided("It does not await approval.");
        if (state.Decisions.Any(decision => decision.Act == PayoutDecision.Approved && decision.Actor == actor)) return NeedsAnother;
        return state.With(new(PayoutDecision.Approved, actor, now, reason, null));
    }

    /// <param name="canPay">Whether there is a provider, so that a payout that needs no approval is on its way.</param>
    public static Decided Reject(PayoutState state, PayoutFacts facts, PayoutOptions options, bool canPay, string actor, string reason, DateTimeOffset now)
    {
        if (!Reasons.IsGiven(reason)) return Reasons.Missing;
        var isWaiting = !canPay || state.Problem is not null || state.StatusOf(facts.Amount, options) == Payout.AwaitingApproval;
        if (HasEnded(state, facts) || state.SubmittedAt is not null || !isWaiting)
            return NotUndecided("Only what the provider has not been told of can be rejected.");
        return state.With(new(PayoutDecision.Rejected, actor, now, reason, null)) with { End = new(Payout.Failed, null, null, null, reason, actor) };
    }

    /// <summary>It counts once enough operators in a row have said the same; whoever says otherwise begins anew.</summary>
    public static Decided Resolve(PayoutState state, PayoutFacts facts, PayoutOptions options, bool canPay, string actor, PayoutResolution resolution, DateTimeOffset now)
    {
        if (!Reasons.IsGiven(resolution.Reason)) return Reasons.Missing;
        if (resolution.Outcome is not (Payout.Paid or Payout.Failed)) return new Refusal(Refusal.InvalidReason, "A payout is resolved as paid or failed.");
        var isPaid = resolution.Outcome == Payout.Paid;
        if (isPaid ? !IsReference(resolution.Reference) : resolution.Reference is not null)
            return new Refusal(Refusal.InvalidReason, $"Paid takes a reference of 1 to {MaxReferenceLength} characters, failed none.");
        var status = state.StatusOf(facts.Amount, options);
        var isUndecided = status == Payout.Unknown || (status == Payout.Submitted && now > facts.RequestedAt + options.Deadline) || (status == Payout.Reserved && !canPay);
        if (HasEnded(state, facts) || !isUndecided) return NotUndecided("Only what is unknown or overdue, or what no provider pays, is resolved by hand.");

        var decision = new PayoutDecision(isPaid ? PayoutDecision.ResolvedPaid : PayoutDecision.ResolvedFailed, actor, now, resolution.Reason, resolution.Reference);
        var agreed = state.Decisions.Reverse().TakeWhile(earlier => earlier.Act == decision.Act && earlier.Reference == decision.Reference).Select(earlier => earlier.Actor).ToHashSet();
        if (!agreed.Add(actor)) return NeedsAnother;
        if (state.Decisions.Length >= MaxDecisions) return NotUndecided("Too many decisions differ already.");
        var after = state.With(decision);
        return agreed.Count < Math.Max(1, PayoutState.OperatorsNeeded(facts.Amount, options)) ? after : after with
        {
            End = isPaid
                ? new(Payout.Paid, new(0, facts.Payable.Currency), facts.Payable, resolution.Reference, resolution.Reason, actor)
                : new(Payout.Failed, null, null, null, resolution.Reason, actor),
        };
    }

    private static PayoutState With(this PayoutState state, PayoutDecision decision) => state with { Decisions = [.. state.Decisions, decision] };

    private static bool HasEnded(PayoutState state, PayoutFacts facts) => state.End is not null || facts.End is not null;

    private static bool IsReference(string? text) => text is { Length: > 0 and <= MaxReferenceLength } && text.All(c => c is >= ' ' and < '\x7f');

    private static Refusal NotUndecided(string detail) => new(Refusal.NotUndecided, detail);
    private static Refusal NeedsAnother => new(Refusal.SecondApproverNeeded, "You have said so already; another operator must agree.");
}
