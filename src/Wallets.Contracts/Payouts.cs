using Orleans.Concurrency;

namespace Wallets;

/// <summary>Diamonds on their way out as money, as the creator sees it.</summary>
/// <param name="Key">The creator's idempotency key.</param>
/// <param name="Status">One of the constants. The answer to the request itself is always <see cref="Requested"/>.</param>
/// <param name="Amount">What the diamonds pay, by the rate card in force when it was requested.</param>
/// <param name="Payable">What is to be paid, the provider's fee and the agency's part included, in the creator's currency.</param>
/// <param name="ExchangeRate">Units of that currency for one of <paramref name="Amount"/>'s; null if it is the same.</param>
/// <param name="Agency">The agency's part, if a contract was in force when it was requested.</param>
/// <param name="EndedAt">When it was paid, or failed and the diamonds returned; null before.</param>
/// <param name="Fee">Once paid: what the provider kept.</param>
/// <param name="PaidOut">Once paid: what arrived, at the creator and the agency together.</param>
/// <param name="Reference">The provider's own reference.</param>
/// <param name="Reason">Why it failed.</param>
[GenerateSerializer, Immutable, Alias("payout")]
public sealed record Payout(
    Guid Key,
    string CreatorId,
    Diamonds Diamonds,
    string Status,
    Money Amount,
    DateTimeOffset RequestedAt,
    Money Payable,
    string? ExchangeRate = null,
    AgencyPart? Agency = null,
    DateTimeOffset? EndedAt = null,
    Money? Fee = null,
    Money? PaidOut = null,
    string? Reference = null,
    string? Reason = null)
{
    /// <summary>The diamonds are reserved, just now.</summary>
    public const string Requested = "requested";
    /// <summary>The diamonds are reserved; the provider has not been told yet.</summary>
    public const string Reserved = "reserved";
    /// <summary>It is large: an operator, or two, must agree first.</summary>
    public const string AwaitingApproval = "awaiting_approval";
    /// <summary>The provider was told, and will say how it ends.</summary>
    public const string Submitted = "submitted";
    /// <summary>It is not known whether the provider pays; it is asked again until it is known.</summary>
    public const string Unknown = "unknown";
    public const string Paid = "paid";
    /// <summary>It was not paid; the diamonds came back.</summary>
    public const string Failed = "failed";

    /// <summary>Of payouts that have not ended.</summary>
    public static readonly string[] OpenStatuses = [Reserved, AwaitingApproval, Submitted, Unknown];

    /// <summary>Of payouts that have.</summary>
    public static readonly string[] EndedStatuses = [Paid, Failed];
}

/// <summary>The part of a payout that goes to the creator's agency.</summary>
[GenerateSerializer, Immutable, Alias("agency-part")]
public sealed record AgencyPart(string AgencyId, int ContractVersion, Money Amount);

/// <summary>One payout on its way, for operators. The grain's key is the payout's key and, as extension, the creator id.</summary>
[Alias("payout-case")]
public interface IPayoutGrain : IGrainWithGuidCompoundKey
{
    [AlwaysInterleave, Alias("case")] Task<Outcome<PayoutCase>> GetCase(Caller caller);

    /// <summary>Agrees to a large payout. Refused unless it awaits approval, or to the operator who has agreed already.</summary>
    [ResponseTimeout("00:00:30"), Alias("approve")] Task<Outcome<PayoutCase>> Approve(Caller caller, string? reason);

    /// <summary>Refuses to pay what the provider has not been told of; the diamonds return.</summary>
    [ResponseTimeout("00:00:30"), Alias("reject")] Task<Outcome<PayoutCase>> Reject(Caller caller, string reason);

    /// <summary>Says how a payout ended of which the provider does not; two operators must say the same of a large one.</summary>
    [ResponseTimeout("00:00:30"), Alias("resolve")] Task<Outcome<PayoutCase>> Resolve(Caller caller, PayoutResolution resolution);
}

/// <param name="Outcome"><c>paid</c> or <c>failed</c>.</param>
/// <param name="Reference">On <c>paid</c>: where the proof of it is found.</param>
/// <param name="Reason">Why the operator is sure; 1 to 500 characters.</param>
[GenerateSerializer, Immutable, Alias("payout-resolution")]
public sealed record PayoutResolution(string Outcome, string? Reference, string Reason);

/// <summary>What an operator decided about a payout.</summary>
/// <param name="Act"><c>approved</c>, <c>rejected</c>, <c>resolved_paid</c> or <c>resolved_failed</c>.</param>
[GenerateSerializer, Immutable, Alias("payout-decision")]
public sealed record PayoutDecision(string Act, string Actor, DateTimeOffset At, string? Reason, string? Reference)
{
    public const string Approved = "approved";
    public const string Rejected = "rejected";
    public const string ResolvedPaid = "resolved_paid";
    public const string ResolvedFailed = "resolved_failed";
}

/// <summary>A payout as operators see it.</summary>
/// <param name="OperatorsNeeded">How many operators must agree to pay it; 0 if none.</param>
/// <param name="Decisions">Every decision about it, the oldest first.</param>
/// <param name="SubmittedAt">When the provider was last told to pay.</param>
/// <param name="Asked">How often the provider was asked since.</param>
/// <param name="NextAt">When it is asked again.</param>
/// <param name="Deadline">When it should have ended.</param>
/// <param name="IsOverdue">True if it has not ended by then.</param>
/// <param name="Problem">What stands in the way of knowing how it ends.</param>
[GenerateSerializer, Immutable, Alias("payout-case-view")]
public sealed record PayoutCase(
    Guid Key,
    string CreatorId,
    Diamonds Diamonds,
    string Status,
    Money Amount,
    Money Payable,
    AgencyPart? Agency,
    DateTimeOffset RequestedAt,
    int OperatorsNeeded,
    PayoutDecision[] Decisions,
    DateTimeOffset? SubmittedAt,
    int Asked,
    DateTimeOffset? NextAt,
    DateTimeOffset Deadline,
    bool IsOverdue,
    string? Problem,
    DateTimeOffset? EndedAt,
    string? Reference,
    string? Reason);

/// <summary>Every payout, for operators. Key: <see cref="Key"/>.</summary>
[Alias("payout-queue")]
public interface IPayoutQueueGrain : IGrainWithStringKey
{
    const string Key = "payouts";

    /// <summary>Open payouts, the oldest first.</summary>
    /// <param name="status">One of <see cref="Payout.OpenStatuses"/>, or null for all.</param>
    /// <param name="after">The <see cref="Page{T}.Next"/> of an earlier page, or null.</param>
    [Alias("open")] Task<Outcome<Page<PayoutCase>>> GetOpen(Caller caller, string? status, string? after, int limit);

    /// <summary>Payouts that have ended, as the ledger has them, the latest end first.</summary>
    /// <param name="status">One of <see cref="Payout.EndedStatuses"/>.</param>
    /// <param name="after">The <see cref="Page{T}.Next"/> of an earlier page, or null.</param>
    [AlwaysInterleave, Alias("ended")] Task<Outcome<Page<PayoutCase>>> GetEnded(Caller caller, string status, string? after, int limit);
}

/// <summary>What must be known of a creator before money is paid. The grain's key is the creator id.</summary>
[Alias("payout-profile")]
public interface IPayoutProfileGrain : IGrainWithStringKey
{
    /// <summary>For the creator and for operators.</summary>
    [AlwaysInterleave, Alias("get")] Task<Outcome<PayoutProfile>> Get(Caller caller);

    /// <summary>An operator's word. Setting what is set already changes nothing.</summary>
    [Alias("set")] Task<Outcome<PayoutProfile>> Set(Caller caller, PayoutProfileChange change);

    /// <summary>The identity provider's word; what is older than what is known changes nothing.</summary>
    [Alias("report")] Task<Outcome<PayoutProfile>> Report(Caller caller, VerificationReport report);
}

/// <summary>A creator's standing with the provider. The account's token is never shown.</summary>
/// <param name="Identity"><c>none</c>, <c>pending</c>, <c>verified</c> or <c>rejected</c>.</param>
/// <param name="TaxForm">The same of the tax form.</param>
/// <param name="HasAccount">Whether there is an account to pay to.</param>
/// <param name="Currency">What the creator is paid in; null for the rate card's.</param>
/// <param name="Contracts">Contracts with agencies, the oldest first; the last one in effect counts.</param>
/// <param name="Changes">Who changed what; for operators only, null for the creator.</param>
[GenerateSerializer, Immutable, Alias("payout-profile-view")]
public sealed record PayoutProfile(
    string CreatorId, string Identity, string TaxForm, bool HasAccount, string? Currency, AgencyContract[] Contracts, ProfileChange[]? Changes);

/// <param name="AgencyId">Null: no agency from then on.</param>
/// <param name="BasisPoints">The agency's share in hundredths of a percent, 0 to 10,000.</param>
[GenerateSerializer, Immutable, Alias("agency-contract")]
public sealed record AgencyContract(int Version, string? AgencyId, int BasisPoints, DateTimeOffset EffectiveFrom);

[GenerateSerializer, Immutable, Alias("profile-change")]
public sealed record ProfileChange(DateTimeOffset At, string Actor, string What, string Reason);

/// <summary>A new state of a profile; what is null stays as it is.</summary>
/// <param name="Account">The provider's token of the account to pay to; no account number.</param>
/// <param name="Contract">A further contract, unless it is the latest one already.</param>
/// <param name="Reason">Why; 1 to 500 characters.</param>
[GenerateSerializer, Immutable, Alias("payout-profile-change")]
public sealed record PayoutProfileChange(string? Identity, string? TaxForm, string? Account, string? Currency, NewContract? Contract, string Reason);

/// <param name="AgencyId">Null to end the contract with the agency.</param>
/// <param name="Account">The provider's token of the agency's account.</param>
/// <param name="EffectiveFrom">Never before now, nor before an earlier version.</param>
[GenerateSerializer, Immutable, Alias("new-contract")]
public sealed record NewContract(string? AgencyId, string? Account, int BasisPoints, DateTimeOffset EffectiveFrom);

/// <param name="EventId">The provider's own.</param>
/// <param name="OccurredAt">When it came to be so, by the provider's clock.</param>
[GenerateSerializer, Immutable, Alias("verification-report")]
public sealed record VerificationReport(string EventId, string? Identity, string? TaxForm, DateTimeOffset OccurredAt);
