using Wallets.Grains.Payments;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>Everything that happens to a wallet besides buying and sending: refunds, expiry, promotions, operators' acts.</summary>
internal sealed partial class WalletGrain
{
    private const int PageOfTrace = 5_000;

    public async Task<Outcome<RefundReceipt>> Refund(RefundOrder order)
    {
        if (await FindInLedger(order.Key) is { } earlier) return Outcome.Replayed(await RefundReceiptOf(earlier));
        if (AccountId is not { } accountId || await _ledger.FindPayment(accountId, order.Channel, order.Payment) is not { } purchase)
            return Refuse(new(Refusal.UnknownPayment, $"This wallet holds no purchase paid by {order.Channel}."));

        var trace = await TraceLot(purchase.TransferId);
        if (RefundDecisions.Refund(accountId, trace, purchase, order) is not { } entries)
            return Refuse(new(Refusal.NothingToRefund, "All coins of this purchase are refunded already."));
        return await AppendRefund(order.Key, entries);
    }

    public async Task<Outcome<RefundReceipt>> ReverseRefund(RefundReversal reversal)
    {
        if (await FindInLedger(reversal.Key) is { } earlier) return Outcome.Replayed(await RefundReceiptOf(earlier));
        if (await FindInLedger(reversal.Refund) is not { Kind: EntryKind.Refunded } refund)
            return Refuse(new(Refusal.UnknownRefund, $"This wallet had no refund {reversal.Refund}."));

        var trace = await TraceLot(refund.Detail!.Lot!.Value);
        if (RefundDecisions.Reverse(refund.AccountId, trace, trace.Lots[refund.Detail.Lot.Value], refund, reversal) is not { } entries)
            return Refuse(new(Refusal.NothingToRefund, "This refund is reversed already."));
        return await AppendRefund(reversal.Key, entries);
    }

    public async Task<PaymentUse?> GetUse(string channel, string payment)
    {
        if (AccountId is not { } accountId || await _ledger.FindPayment(accountId, channel, payment) is not { } purchase) return null;
        var paid = purchase.Amount - (purchase.Detail!.Bonus ?? 0);
        return new PaymentUse(paid, State.Lots.Find(lot => lot.PurchaseId == purchase.TransferId).Paid);
    }

    /// <summary>All of a refund's entries at once: whoever dies, dies before it or after it.</summary>
    private async Task<Outcome<RefundReceipt>> AppendRefund(Guid key, List<Entry> entries)
    {
        var appended = await Append(entries);
        if (!appended.IsCommitted) return Outcome.Replayed(await RefundReceiptOf(await Committed(key)));
        metrics.Refunded();
        return RefundReceiptOf(entries);
    }

    private static RefundReceipt RefundReceiptOf(IReadOnlyList<Entry> entries)
    {
        var gifts = entries.Where(entry => entry.Kind is EntryKind.GiftRefunded or EntryKind.GiftRestored).ToList();
        return new(entries[0].TransferId, entries[0].Detail!.Lot!.Value, Math.Abs(entries[0].Amount), gifts.Sum(gift => gift.Detail!.Coins!.Value), gifts.Count);
    }

    /// <summary>The first answer again: a refund's entries stand together.</summary>
    private async Task<RefundReceipt> RefundReceiptOf(Entry refund)
    {
        var isOfReversal = refund.Kind == EntryKind.RefundReversed;
        var entries = new List<Entry> { refund };
        while (true)
        {
            var page = await _ledger.Read(refund.AccountId, entries[^1].Seq, PageOfTrace);
            var own = page.TakeWhile(entry => entry.Kind == (isOfReversal ? EntryKind.GiftRestored : EntryKind.GiftRefunded)).ToList();
            entries.AddRange(own);
            if (own.Count < PageOfTrace) return RefundReceiptOf(entries);
        }
    }

    /// <summary>Reads the whole account: which coins went where is known by no less. Rare enough.</summary>
    private async Task<LotTrace> TraceLot(Guid lot)
    {
        var trace = LotTrace.OfLot(lot);
        while (trace.State.Seq < State.Seq)
            foreach (var entry in await _ledger.Read(AccountId!.Value, trace.State.Seq, PageOfTrace))
                if (entry.Seq <= State.Seq) trace.Apply(entry);
        return trace;
    }

    /// <summary>Takes the bonus coins whose time is over, lot by lot.</summary>
    public async Task Expire()
    {
        while (State.HasExpired(Now)) await Append(WalletDecisions.Expire(AccountId!.Value, State, Now));
    }

    public Task<Outcome<Posted>> Adjust(Guid key, long coins, string reason, string actor) =>
        Post(key, EntryKind.Adjusted, coins, new EntryDetail(Reason: reason, Actor: actor));

    public Task<Outcome<Posted>> SetStanding(Guid key, string standing, string reason, string actor) =>
        Post(key, EntryKind.StandingChanged, 0, new EntryDetail(Standing: standing, Reason: reason, Actor: actor));

    public async Task<Outcome<RefundReceipt>> RefundPurchase(Guid key, Guid purchase, int basisPoints, string reason) =>
        await FindInLedger(purchase) is { Kind: EntryKind.Purchase } found
            ? await Refund(new RefundOrder(key, found.Detail!.Channel!, found.Detail.Payment!, basisPoints, IsDispute: false, reason))
            : Refuse(new(Refusal.UnknownPayment, $"This wallet has no purchase {purchase}."));

    public async Task<Outcome<Posted>> Grant(Guid key, string campaign, long coins, DateTimeOffset? expiresAt, bool lookUpOnly) =>
        lookUpOnly && await FindInLedger(key) is null
            ? new Refusal(Refusal.UnknownTransfer, $"Campaign {campaign} has given this wallet nothing.")
            : await Post(key, EntryKind.BonusGranted, coins, new EntryDetail(Campaign: campaign, ExpiresAt: expiresAt));

    private async Task<Outcome<Posted>> Post(Guid key, EntryKind kind, long coins, EntryDetail detail)
    {
        if (await FindInLedger(key) is { } earlier) return earlier.Kind == kind ? Outcome.Replayed(Posted.Of(earlier)) : Refuse(KeyReused(key));

        var accountId = await OpenAccount();
        if (State.HasExpired(Now)) await Expire();
        if (coins > WalletDecisions.MaxBalance - State.Balance) return Refuse(new(Refusal.BalanceTooLarge, $"A wallet holds at most {WalletDecisions.MaxBalance} coins."));
        if (State.Balance + coins < 0) return Refuse(new(Refusal.InsufficientFunds, $"The wallet holds {State.Balance} coins."));

        var entry = new Entry
        {
            AccountId = accountId,
            Seq = State.Seq + 1,
            TransferId = key,
            Kind = kind,
            Amount = coins,
            BalanceAfter = State.Balance + coins,
            Detail = detail,
        };
        var appended = await Append(entry);
        return appended.IsCommitted ? Posted.Of(entry) : Outcome.Replayed(Posted.Of(await Committed(key)));
    }
}
