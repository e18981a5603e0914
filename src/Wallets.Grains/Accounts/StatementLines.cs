using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>An entry as its account's holder reads it.</summary>
internal static class StatementLines
{
    public static StatementLine Of(Entry entry, IReadOnlyDictionary<long, string> names) => new(
        entry.Seq,
        KindName(entry.Kind),
        entry.Amount,
        entry.BalanceAfter,
        entry.TransferId,
        names.GetValueOrDefault(entry.Counterparty),
        entry.RecordedAt,
        entry.Gift?.StreamId,
        entry.Gift?.GiftId,
        entry.Gift?.Quantity,
        entry.Gift is { } gift ? new Diamonds(gift.Diamonds) : null,
        entry.Gift?.RateVersion,
        entry.Detail?.PackId,
        entry.Detail?.Channel,
        entry.Detail?.Price);

    private static string KindName(EntryKind kind) => kind switch
    {
        EntryKind.Purchase => "purchase",
        EntryKind.GiftSent => "gift_sent",
        EntryKind.GiftReceived => "gift_received",
        EntryKind.PayoutReserved => "payout_reserved",
        EntryKind.PayoutReturned => "payout_returned",
        EntryKind.PayoutPaid => "payout_paid",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no name"),
    };
}
