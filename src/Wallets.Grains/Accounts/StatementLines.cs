using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>An entry as its account's holder reads it.</summary>
internal static class StatementLines
{
    private const string StandingChanged = "standing_changed";

    /// <summary>Lines of an account in order, with the names and gifts that stand on other accounts.</summary>
    public static async Task<StatementLine[]> Read(ILedger ledger, long accountId, long afterSeq, int limit)
    {
        var entries = await ledger.Read(accountId, afterSeq, limit);
        var names = await ledger.NameAccounts([.. entries.Select(entry => entry.Counterparty).Where(id => id != 0).Distinct()]);
        var received = entries.Any(entry => entry.Kind == EntryKind.GiftReceived)
            ? (await ledger.ReadReceived(accountId, afterSeq, entries[^1].Seq, limit)).ToDictionary(gift => gift.Seq, gift => gift.Debit.Gift)
            : [];
        return [.. entries.Select(entry => Of(entry, names, entry.Gift ?? received.GetValueOrDefault(entry.Seq)))];
    }

    /// <param name="entry">The account's own entry.</param>
    /// <param name="names">Names of the accounts on the other side.</param>
    /// <param name="gift">The gift's facts, which on a credit come from the debit.</param>
    public static StatementLine Of(Entry entry, IReadOnlyDictionary<long, string> names, GiftFacts? gift)
    {
        var line = new StatementLine(
            entry.Seq, KindName(entry.Kind), entry.Amount, entry.BalanceAfter, entry.TransferId, names.GetValueOrDefault(entry.Counterparty), entry.RecordedAt,
            gift?.StreamId, gift?.GiftId, gift?.Quantity, gift is null ? null : new Diamonds(gift.Diamonds), gift?.RateVersion);
        return entry.Detail is { } detail ? WithDetail(line, detail) : line;
    }

    /// <summary>Without who in the staff did it, and without the channel's id of a payment: they are in the ledger, for the audit.</summary>
    private static StatementLine WithDetail(StatementLine line, EntryDetail detail) => line with
    {
        Diamonds = detail.Diamonds is { } diamonds ? new Diamonds(diamonds) : line.Diamonds,
        Quantity = detail.Quantity ?? line.Quantity,
        PackId = detail.PackId,
        Channel = detail.Channel,
        Price = detail.Price,
        Bonus = detail.Bonus is { } bonus ? new Coins(bonus) : null,
        ExpiresAt = detail.ExpiresAt,
        Lot = detail.Lot,
        Gift = detail.Gift,
        Refund = detail.Refund,
        Coins = detail.Coins is { } coins ? new Coins(coins) : null,
        FromPending = detail.FromPending is { } fromPending ? new Diamonds(fromPending) : null,
        Owed = detail.Owed is { } owed ? new Diamonds(owed) : null,
        HoldDays = detail.HoldDays,
        Standing = line.Kind == StandingChanged ? detail.Standing : null,
        Campaign = detail.Campaign,
        Reason = detail.Reason,
        Payout = detail.Payout,
        Fee = detail.Fee,
        PaidOut = detail.PaidOut,
        ExchangeRate = detail.ExchangeRate,
        Reference = detail.Reference,
        Payable = detail.Payable,
        Agency = detail.Agency,
        AgencyPart = detail.AgencyPart,
    };

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
        EntryKind.StandingChanged => StandingChanged,
        EntryKind.GiftReceived => "gift_received",
        EntryKind.PayoutReserved => "payout_reserved",
        EntryKind.PayoutReturned => "payout_returned",
        EntryKind.PayoutPaid => "payout_paid",
        EntryKind.ClawedBack => "clawed_back",
        EntryKind.ClawbackReversed => "clawback_reversed",
        EntryKind.EarningsAdjusted => "earnings_adjusted",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no name"),
    };
}
