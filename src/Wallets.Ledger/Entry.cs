namespace Wallets.Ledger;

/// <summary>What kind of holder an account belongs to.</summary>
public enum AccountKind : short
{
    /// <summary>A viewer's coins.</summary>
    Wallet = 1,
    /// <summary>A creator's diamonds.</summary>
    Earnings = 2,
}

/// <summary>
/// What an entry does. Numbers are stored, never reused; each has one double-entry template (the view <c>postings</c>).
/// </summary>
public enum EntryKind : short
{
    /// <summary>Wallet, +coins: a lot bought with money.</summary>
    Purchase = 1,
    /// <summary>Wallet, −coins: a gift; carries the gift's facts.</summary>
    GiftSent = 2,
    /// <summary>Wallet, +coins: a lot of bonus coins that a promotion gave.</summary>
    BonusGranted = 3,
    /// <summary>Wallet, −coins: the bonus coins of a lot that were left when they expired.</summary>
    Expired = 4,
    /// <summary>Wallet, −coins or 0: what was left of a lot whose payment was given back.</summary>
    Refunded = 5,
    /// <summary>Wallet, +coins or 0: a refund that was itself taken back.</summary>
    RefundReversed = 6,
    /// <summary>Wallet, 0: a gift, or a part of it, that a refunded lot had paid for; its diamonds are claimed from the creator.</summary>
    GiftRefunded = 7,
    /// <summary>Wallet, 0: the same taken back; the creator's diamonds return.</summary>
    GiftRestored = 8,
    /// <summary>Wallet, ±coins: an operator's correction.</summary>
    Adjusted = 9,
    /// <summary>Wallet, 0: the wallet was flagged, frozen or put in good standing.</summary>
    StandingChanged = 10,
    /// <summary>Earnings, +diamonds: the credit side of a gift; its facts stand on the debit.</summary>
    GiftReceived = 11,
    /// <summary>Earnings, −diamonds: taken aside for a payout.</summary>
    PayoutReserved = 12,
    /// <summary>Earnings, +diamonds: a payout that failed came back.</summary>
    PayoutReturned = 13,
    /// <summary>Earnings, 0: reserved diamonds left as money; the detail says how many.</summary>
    PayoutPaid = 14,
    /// <summary>Earnings, −diamonds or 0: what a refunded gift takes back; the other side of <see cref="GiftRefunded"/>.</summary>
    ClawedBack = 15,
    /// <summary>Earnings, +diamonds or 0: the other side of <see cref="GiftRestored"/>.</summary>
    ClawbackReversed = 16,
    /// <summary>Earnings, ±diamonds: an operator's correction.</summary>
    EarningsAdjusted = 17,
}

/// <summary>
/// One signed, immutable line of one account. Identity is (account, seq); the movement it belongs to is identified by
/// (origin account, <see cref="TransferId"/>), the origin of a credit being its <see cref="Counterparty"/>.
/// </summary>
public sealed record Entry
{
    public required long AccountId { get; init; }

    /// <summary>1, 2, 3 … without gaps per account: the fence against stale writers.</summary>
    public required long Seq { get; init; }

    /// <summary>The key that the originator of the movement gave.</summary>
    public required Guid TransferId { get; init; }

    public required EntryKind Kind { get; init; }

    /// <summary>Signed; coins on a wallet, diamonds on earnings.</summary>
    public required long Amount { get; init; }

    /// <summary>The previous entry's <see cref="BalanceAfter"/> plus <see cref="Amount"/>.</summary>
    public required long BalanceAfter { get; init; }

    /// <summary>The account on the other side; 0 where that is the system.</summary>
    public long Counterparty { get; init; }

    /// <summary>By the ledger's own clock; set when the entry is committed.</summary>
    public DateTimeOffset RecordedAt { get => _recordedAt; init => _recordedAt = value; }

    private DateTimeOffset _recordedAt;

    /// <summary>On <see cref="EntryKind.GiftSent"/> only.</summary>
    public GiftFacts? Gift { get; init; }

    /// <summary>On everything but ordinary gifts and their credits.</summary>
    public EntryDetail? Detail { get; init; }

    /// <summary>Once, before anybody hears that the entry is committed.</summary>
    internal void Record(DateTimeOffset at) => _recordedAt = at;

    /// <summary>True if both say the same, whenever they were recorded.</summary>
    public bool SaysTheSameAs(Entry other) => this with { RecordedAt = default } == other with { RecordedAt = default };
}

/// <summary>The facts of a gift, kept once, on its debit.</summary>
public sealed record GiftFacts(Guid StreamId, string GiftId, int Quantity, long Diamonds, int RateVersion);

/// <summary>The facts of a rare entry, kept as JSON.</summary>
/// <param name="Payment">On a purchase: the channel's own id of the payment, unique per wallet.</param>
/// <param name="Bonus">On a purchase: how many of the coins were given, not paid for; on a refund and its reversal: how many of the coins taken or given back were.</param>
/// <param name="ExpiresAt">On a lot: when its bonus coins expire; null for never.</param>
/// <param name="Price">On a purchase: what was paid; on a refund: what was given back; on a payout: what it pays.</param>
/// <param name="Diamonds">On <see cref="EntryKind.PayoutPaid"/>: how many left; on refunded and restored gifts and on both their other sides: how many the gift's part is worth.</param>
/// <param name="Lot">On expiry, refunds and what follows from them: the lot, by its purchase's transfer.</param>
/// <param name="Gift">On refunded and restored gifts and on both their other sides: the gift, by its transfer.</param>
/// <param name="Coins">On refunded and restored gifts: how many of the gift's coins came from the lot; on a refund: how many coins of the lot it undoes.</param>
/// <param name="Refund">On refunded and restored gifts and on a reversal: the refund, by its transfer.</param>
/// <param name="LotPrice">On a reversal: what the lot had cost; <paramref name="Coins"/> says for how many paid coins.</param>
/// <param name="Day">On the other side of a refunded gift: the day by which its diamonds were held.</param>
/// <param name="FromPending">On a clawback: how many diamonds were taken from those still held.</param>
/// <param name="Owed">On a clawback: how many the creator did not have and owes.</param>
/// <param name="HoldDays">On a gift and its credit: days of hold beyond the published ones, because the payer was flagged.</param>
/// <param name="Standing">On a change of standing: the new one; on a refund: the one it asks for.</param>
/// <param name="Campaign">On granted coins: the promotion.</param>
/// <param name="Reason">Why, for those who read the statement.</param>
/// <param name="Actor">Which operator or channel did it.</param>
/// <param name="Payout">On a payout's end: the payout, by its transfer.</param>
/// <param name="Fee">On a paid payout: what the provider kept.</param>
/// <param name="PaidOut">On a paid payout: what arrived, in the creator's currency.</param>
/// <param name="ExchangeRate">On a payout in another currency: units of the creator's currency for one of the rate card's, as a decimal.</param>
/// <param name="Reference">On a paid or returned payout: the provider's own reference; on a purchase: what the channel's reports call it, if not its payment's id.</param>
/// <param name="Payable">On a payout: what is to be paid, the provider's fee included, in the creator's currency.</param>
/// <param name="Agency">On a payout: the creator's agency, if a contract was in force when it was requested.</param>
/// <param name="AgencyPart">On a payout: the agency's part of <paramref name="Payable"/>.</param>
/// <param name="Contract">On a payout: the version of the contract with the agency.</param>
/// <param name="Streak">On a gift: the streak it is a charge of.</param>
/// <param name="StreakTotal">On a gift of a streak: the pieces charged for it so far, this gift's included.</param>
/// <param name="Quantity">On a purchase: how many packs were bought at once, if more than one.</param>
public sealed record EntryDetail(
    string? PackId = null,
    string? Channel = null,
    string? Payment = null,
    long? Bonus = null,
    DateTimeOffset? ExpiresAt = null,
    Money? Price = null,
    long? Diamonds = null,
    Guid? Lot = null,
    Guid? Gift = null,
    long? Coins = null,
    Guid? Refund = null,
    Money? LotPrice = null,
    int? Day = null,
    long? FromPending = null,
    long? Owed = null,
    int? HoldDays = null,
    string? Standing = null,
    string? Campaign = null,
    string? Reason = null,
    string? Actor = null,
    Guid? Payout = null,
    Money? Fee = null,
    Money? PaidOut = null,
    string? ExchangeRate = null,
    string? Reference = null,
    Money? Payable = null,
    string? Agency = null,
    Money? AgencyPart = null,
    int? Contract = null,
    Guid? Streak = null,
    int? StreakTotal = null,
    int? Quantity = null);
