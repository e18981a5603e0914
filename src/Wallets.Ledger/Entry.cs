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
    /// <summary>Earnings, +diamonds: the credit side of a gift; its facts stand on the debit.</summary>
    GiftReceived = 11,
    /// <summary>Earnings, −diamonds: taken aside for a payout.</summary>
    PayoutReserved = 12,
    /// <summary>Earnings, +diamonds: a payout that failed came back.</summary>
    PayoutReturned = 13,
    /// <summary>Earnings, 0: reserved diamonds left as money; the detail says how many.</summary>
    PayoutPaid = 14,
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

    /// <summary>By the ledger's own clock; set by the ledger when it commits.</summary>
    public DateTimeOffset RecordedAt { get; init; }

    /// <summary>On <see cref="EntryKind.GiftSent"/> only.</summary>
    public GiftFacts? Gift { get; init; }

    /// <summary>On purchases and payouts only.</summary>
    public EntryDetail? Detail { get; init; }

    /// <summary>True if both say the same, whenever they were recorded.</summary>
    public bool SaysTheSameAs(Entry other) => this with { RecordedAt = default } == other with { RecordedAt = default };
}

/// <summary>The facts of a gift, kept once, on its debit.</summary>
public sealed record GiftFacts(Guid StreamId, string GiftId, int Quantity, long Diamonds, int RateVersion);

/// <summary>The facts of a rare entry, kept as JSON.</summary>
/// <param name="Payment">On a purchase: the channel's own id of the payment, unique per wallet.</param>
/// <param name="Bonus">On a purchase: how many of the coins were given, not paid for.</param>
/// <param name="ExpiresAt">On a purchase: when the lot's coins expire; null for never.</param>
/// <param name="Price">On a purchase: what was paid; on a payout: what is to be paid.</param>
/// <param name="Diamonds">On <see cref="EntryKind.PayoutPaid"/>: how many left.</param>
public sealed record EntryDetail(
    string? PackId = null,
    string? Channel = null,
    string? Payment = null,
    long? Bonus = null,
    DateTimeOffset? ExpiresAt = null,
    Money? Price = null,
    long? Diamonds = null);
