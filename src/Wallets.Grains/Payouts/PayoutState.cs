namespace Wallets.Grains.Payouts;

/// <summary>Names a payout in the cluster.</summary>
[GenerateSerializer, Immutable, Alias("payout-id")]
internal readonly record struct PayoutId(string CreatorId, Guid Key);

/// <summary>
/// What is known of a payout beyond the ledger. The ledger says whether there is one and whether it has ended; this says what the
/// provider was told, and what operators decided. It is stored before the provider is told anything.
/// </summary>
[GenerateSerializer, Immutable, Alias("payout-state")]
internal sealed record PayoutState
{
    /// <summary>Fixed when the provider is told first.</summary>
    [Id(0)] public Recipient[] Recipients { get; init; } = [];

    /// <summary>When the provider was last told to pay, or was about to be; null for never.</summary>
    [Id(1)] public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>How often the provider was asked since.</summary>
    [Id(2)] public int Asked { get; init; }

    [Id(3)] public DateTimeOffset NextAt { get; init; }

    /// <summary>What stands in the way of knowing how it ends.</summary>
    [Id(4)] public string? Problem { get; init; }

    /// <summary>What the provider gave as its reason when it said once that it will not pay; it counts when it says so again.</summary>
    [Id(5)] public string? SaidFailed { get; init; }

    /// <summary>How it ends, on its way to the ledger.</summary>
    [Id(6)] public PayoutEnd? End { get; init; }

    [Id(7)] public PayoutDecision[] Decisions { get; init; } = [];

    /// <summary>When operators were told that it takes too long.</summary>
    [Id(8)] public DateTimeOffset? AlertedAt { get; init; }

    /// <summary>Of a payout that has not ended.</summary>
    public string StatusOf(Money amount, PayoutOptions options) =>
        SubmittedAt is null ? (IsApproved(amount, options) ? Payout.Reserved : Payout.AwaitingApproval)
        : Problem is null ? Payout.Submitted
        : Payout.Unknown;

    public bool IsApproved(Money amount, PayoutOptions options) =>
        Decisions.Count(decision => decision.Act == PayoutDecision.Approved) >= OperatorsNeeded(amount, options);

    public static int OperatorsNeeded(Money amount, PayoutOptions options) =>
        amount.AmountMinor > options.SecondApprovalAboveMinor ? 2 : amount.AmountMinor > options.ApprovalAboveMinor ? 1 : 0;
}
