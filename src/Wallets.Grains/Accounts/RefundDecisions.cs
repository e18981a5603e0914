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
        var undoneBefore = Undone(trace, purchase.TransferId);
        var undo = Math.Min((long)((Int128)purchase.Amount * order.BasisPoints / WholeBasisPoints), purchase.Amount - undoneBefore);
        if (undo <= 0) return null;

        var lot = trace.State.Lots.Find(lot => lot.PurchaseId == purchase.TransferId);
        var taken = Math.Min(undo, lot.Paid + lot.Bonus);
        var paidTaken = Math.Min(taken, lot.Paid);
        var entries = new Entries(accountId, trace.State);
        entries.Add(order.Key, EntryKind.Refunded, -taken, 0, new EntryDetail(
            Channel: order.Channel, Payment: order.Payment, Lot: purchase.TransferId, Coins: undo, Bonus: taken - paidTaken,
            Price: PriceOf(purchase, undoneBefore, undo), Reason: order.Reason));

        var due = undo - taken;
        foreach (var use in Enumerable.Reverse(trace.Uses))
        {
            var (refundedCoins, refundedDiamonds) = trace.RefundedOf(use);
            var coins = Math.Min(due, use.Coins - refundedCoins);
            if (coins == 0) continue;
            var diamonds = (long)((Int128)use.Diamonds * (refundedCoins + coins) / use.Coins) - refundedDiamonds;
            entries.Add(DerivedKey.Of("gift-refunded", $"{order.Key}", $"{use.Gift.TransferId}"), EntryKind.GiftRefunded, 0, use.Gift.Counterparty, new EntryDetail(
                Lot: use.Lot, Gift: use.Gift.TransferId, Coins: coins, Diamonds: diamonds, Refund: order.Key, Reason: order.Reason));
            due -= coins;
        }

        var standing = order.IsDispute ? Standing.Frozen : Standing.Flagged;
        if (trace.State.Standing != Standing.Frozen && trace.State.Standing != standing)
            entries.Add(DerivedKey.Of("standing", $"{order.Key}"), EntryKind.StandingChanged, 0, 0, new EntryDetail(Standing: standing, Refund: order.Key, Reason: order.Reason));
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

        var standings = trace.Corrections.FindAll(entry => entry.Kind == EntryKind.StandingChanged);
        if (standings.Count > 0 && standings[^1].Detail!.Refund == refund.TransferId)
            entries.Add(DerivedKey.Of("standing", $"{order.Key}"), EntryKind.StandingChanged, 0, 0, new EntryDetail(
                Standing: standings.Count > 1 ? standings[^2].Detail!.Standing : Standing.Good, Refund: refund.TransferId, Reason: order.Reason));
        return entries.All;
    }

    /// <summary>Coins of the lot that refunds have undone and not given back.</summary>
    private static long Undone(LotTrace trace, Guid lot)
    {
        var refunds = trace.Corrections.Where(entry => entry.Kind == EntryKind.Refunded && entry.Detail!.Lot == lot).ToList();
        var reversed = trace.Corrections.Where(entry => entry.Kind == EntryKind.RefundReversed).Select(entry => entry.Detail!.Refund).ToHashSet();
        return refunds.Where(refund => !reversed.Contains(refund.TransferId)).Sum(refund => refund.Detail!.Coins!.Value);
    }

    /// <summary>What is given back, so that the parts of a lot refunded in parts add up to its price.</summary>
    private static Money PriceOf(Entry purchase, long undoneBefore, long undo)
    {
        var price = purchase.Detail!.Price!.Value;
        long UpTo(long coins) => (long)((Int128)price.AmountMinor * coins / purchase.Amount);
        return price with { AmountMinor = UpTo(undoneBefore + undo) - UpTo(undoneBefore) };
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
