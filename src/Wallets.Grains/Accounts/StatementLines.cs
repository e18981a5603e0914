using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>An entry as its account's holder reads it.</summary>
internal static class StatementLines
{
    /// <param name="entry">The account's own entry.</param>
    /// <param name="names">Names of the accounts on the other side.</param>
    /// <param name="gift">The gift's facts, which on a credit come from the debit.</param>
    public static StatementLine Of(Entry entry, IReadOnlyDictionary<long, string> names, GiftFacts? gift) => new(
        entry.Seq,
        KindName(entry.Kind),
        entry.Amount,
        entry.BalanceAfter,
        entry.TransferId,
        names.GetValueOrDefault(entry.Counterparty),
        entry.RecordedAt,
        gift?.StreamId,
        gift?.GiftId,
        gift?.Quantity,
        (gift?.Diamonds ?? entry.Detail?.Diamonds) is { } diamonds ? new Diamonds(diamonds) : null,
        gift?.RateVersion,
        entry.Detail?.PackId,
        entry.Detail?.Channel,
        entry.Detail?.Price,
        entry.Detail?.Lot,
        entry.Detail?.Gift,
        entry.Detail?.Coins is { } coins ? new Coins(coins) : null,
        entry.Detail?.Owed is { } owed ? new Diamonds(owed) : null,
        entry.Detail?.ExpiresAt,
        entry.Kind == EntryKind.StandingChanged ? entry.Detail?.Standing : null,
        entry.Detail?.Campaign,
        entry.Detail?.Reason);

    private static string KindName(EntryKind kind) => kind switch
    {
        EntryKind.Purchase => "purchase",
        EntryKind.GiftSent => "gift_sent",
        EntryKind.BonusGranted => "bonus_granted",
        EntryKind.Expired => "expired",
        EntryKind.Refunded => "refunded",
        EntryKind.RefundReversed => "refund_reversed",
        EntryKind.GiftRefunded => "gift_refunded",
        EntryKind.GiftRestored => "gift_restored",
        EntryKind.Adjusted => "adjusted",
        EntryKind.StandingChanged => "standing_changed",
        EntryKind.ClawedBack => "clawed_back",
        EntryKind.ClawbackReversed => "clawback_reversed",
        EntryKind.EarningsAdjusted => "earnings_adjusted",
        EntryKind.GiftReceived => "gift_received",
        EntryKind.PayoutReserved => "payout_reserved",
        EntryKind.PayoutReturned => "payout_returned",
        EntryKind.PayoutPaid => "payout_paid",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no name"),
    };
}
