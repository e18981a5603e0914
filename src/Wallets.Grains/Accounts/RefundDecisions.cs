using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>
/// What a refund does to a wallet, and what undoes it. The order is published: coins left in the lot go first, then the gifts that the
/// lot paid for are refunded, the latest first; never another lot's. Each refunded gift is an entry of its own, whose other side the
/// creator's account appends. Pure.
/// </summary>
internal static class RefundDecisions
{
    public const int WholeBasisPoints = 10_000;

    /// <summary>The entries of a refund, to be appended together, or null if refunds have undone the whole lot already.</summary>
    /// <param name="trace">The wallet's entries folded for the lot.</param>
    public static List<Entry>? Refund(long accountId, LotTrace trace, Entry purchase, RefundOrder order)
    {
        var earlier = StandingRefunds(trace).Where(refund => refund.Detail!.Lot == purchase.TransferId).ToList();
        var undoneBefore = earlier.Sum(refund => refund.Detail!.Coins!.Value);
        var undo = Math.Min((long)((Int128)purchase.Amount * order.Part / order.Whole), purchase.Amount - undoneBefore);
        if (undo <= 0) return null;

        var lot = trace.State.Lots.Find(lot => lot.PurchaseId == purchase.TransferId);
        var taken = Math.Min(undo, lot.Paid + lot.Bonus);
        var paidTaken = Math.Min(taken, lot.Paid);
        var entries = new Entries(accountId, trace.State);
        entries.Add(order.Key, EntryKind.Refunded, -taken, 0, new EntryDetail(
            Channel: order.Channel, Payment: order.Payment, Lot: purchase.TransferId, Coins: undo, Bonus: taken - paidTaken,
            Price: PriceOf(purchase, earlier, undoneBefore + undo), Standing: StandingOf(order), Reason: order.Reason));

        var due = undo - taken;
        foreach (var use in Enumerable.Reverse(trace.Uses))
        {
            var (refundedCoins, refundedDiamonds) = trace.RefundedOf(use);
            var coins = Math.Min(due, use.Coins - refundedCoins);
            if (coins == 0) continue;
            var diamonds = Math.Max(0, (long)((Int128)use.Diamonds * (refundedCoins + coins) / use.Coins) - refundedDiamonds);   // all of them once all coins are refunded
            entries.Add(DerivedKey.Of("gift-refunded", $"{order.Key}", $"{use.Gift.TransferId}"), EntryKind.GiftRefunded, 0, use.Gift.Counterparty, new EntryDetail(
                Lot: use.Lot, Gift: use.Gift.TransferId, Coins: coins, Diamonds: diamonds, Refund: order.Key, Reason: order.Reason));
            due -= coins;
        }

        if (IsWorse(StandingOf(order), trace.State.Standing))
            entries.Add(DerivedKey.Of("standing", $"{order.Key}"), EntryKind.StandingChanged, 0, 0, new EntryDetail(Standing: StandingOf(order), Refund: order.Key, Reason: order.Reason));
        return entries.All;
    }

    /// <summary>The entries that undo a refund, or null if it is undone already.</summary>
    public static List<Entry>? Reverse(long accountId, LotTrace trace, Entry purchase, Entry refund, RefundReversal order)
    {
        if (trace.Corrections.Exists(entry => entry.Kind == EntryKind.RefundReversed && entry.Detail!.Refund == refund.TransferId)) return null;

        var entries = new Entries(accountId, trace.State);
        entries.Add(order.Key, EntryKind.RefundReversed, -refund.Amount, 0, new EntryDetail(
            Channel: purchase.Detail!.Channel, Payment: purchase.Detail.Payment, Lot: purchase.TransferId, LotPrice: purchase.Detail.Price,
            Coins: purchase.Amount - (purchase.Detail.Bonus ?? 0), Bonus: refund.Detail!.Bonus, ExpiresAt: purchase.Detail.ExpiresAt,
            Price: refund.Detail.Price, Refund: refund.TransferId, Reason: order.Reason));
        foreach (var refunded in trace.Corrections.Where(entry => entry.Kind == EntryKind.GiftRefunded && entry.Detail!.Refund == refund.TransferId))
            entries.Add(DerivedKey.Of("gift-restored", $"{order.Key}", $"{refunded.Detail!.Gift}"), EntryKind.GiftRestored, 0, refunded.Counterparty, refunded.Detail with { Reason = order.Reason });

        // An operator's word stands; what refunds did to the standing goes as far as no other refund asks for it.
        var left = StandingRefunds(trace).Where(other => other.TransferId != refund.TransferId).Select(other => other.Detail!.Standing!).ToList();
        var standing = left.Contains(Standing.Frozen) ? Standing.Frozen : left.Count > 0 ? Standing.Flagged : Standing.Good;
        if (trace.Corrections.FindLast(entry => entry.Kind == EntryKind.StandingChanged) is { Detail.Refund: not null } && IsWorse(trace.State.Standing, standing))
            entries.Add(DerivedKey.Of("standing", $"{order.Key}"), EntryKind.StandingChanged, 0, 0, new EntryDetail(Standing: standing, Refund: refund.TransferId, Reason: order.Reason));
        return entries.All;
    }

    private static string StandingOf(RefundOrder order) => order.IsDispute ? Standing.Frozen : Standing.Flagged;

    private static bool IsWorse(string standing, string than) => Severity(standing) > Severity(than);

    private static int Severity(string standing) => standing switch { Standing.Frozen => 2, Standing.Flagged => 1, _ => 0 };

    /// <summary>Refunds of the wallet that are not reversed.</summary>
    private static IEnumerable<Entry> StandingRefunds(LotTrace trace)
    {
        var reversed = trace.Corrections.Where(entry => entry.Kind == EntryKind.RefundReversed).Select(entry => entry.Detail!.Refund!.Value).ToHashSet();
        return trace.Corrections.Where(entry => entry.Kind == EntryKind.Refunded && !reversed.Contains(entry.TransferId));
    }

    /// <summary>What is given back for coins up to <paramref name="undone"/>, less what earlier refunds gave: never more than the price in all.</summary>
    private static Money PriceOf(Entry purchase, List<Entry> earlier, long undone)
    {
        var price = purchase.Detail!.Price!.Value;
        var due = (long)((Int128)price.AmountMinor * undone / purchase.Amount);
        return price with { AmountMinor = Math.Max(0, due - earlier.Sum(refund => refund.Detail!.Price!.Value.AmountMinor)) };
    }

    /// <summary>Consecutive entries of one account.</summary>
    private sealed class Entries(long accountId, AccountState state)
    {
        private long _balance = state.Balance;

        public List<Entry> All { get; } = [];

        public void Add(Guid key, EntryKind kind, long amount, long counterparty, EntryDetail detail) => All.Add(new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1 + All.Count,
            TransferId = key,
            Kind = kind,
            Amount = amount,
            BalanceAfter = _balance += amount,
            Counterparty = counterparty,
            Detail = detail,
        });
    }
}
