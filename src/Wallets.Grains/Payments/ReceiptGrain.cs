using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wallets.Grains.Accounts;
using Wallets.Ledger;

namespace Wallets.Grains.Payments;

/// <summary>How far a payment has come.</summary>
internal enum PaymentProgress
{
    /// <summary>Nobody has brought the proof.</summary>
    Unclaimed,

    /// <summary>It belongs to a user, whose wallet does not hold the coins.</summary>
    Claimed,

    /// <summary>The wallet holds the purchase and knows of every refund, and the channel knows that the coins were given out.</summary>
    Finished,
}

/// <summary>One external payment. The key is channel and payment id.</summary>
[Alias("receipt")]
internal interface IReceiptGrain : IGrainWithStringKey
{
    /// <summary>
    /// The payment, from now on or since before that of <paramref name="userId"/>, whom the channel confirms to have paid for the pack; or why not.
    /// </summary>
    [Alias("claim")] Task<Outcome<Payment>> Claim(Payment payment, string userId, PurchaseOrder order, CoinPack pack);

    /// <summary>Notes a refund and takes it to the owner's wallet. If nobody has claimed the payment yet, the note blocks it.</summary>
    [Alias("refund")] Task<PaymentProgress> Refund(Payment payment, PaymentRefund refund);

    /// <summary>Notes what an <see cref="ICountingChannel"/> has given back since it was last counted, and takes it to the wallet. Who claims the payment later counts by that.</summary>
    [Alias("count-refunds")] Task<PaymentProgress> CountRefunds(Payment payment, DateTimeOffset at);

    /// <summary>Notes that a refund was taken back, whether or not it has been heard of.</summary>
    [Alias("reverse")] Task<PaymentProgress> ReverseRefund(Payment payment, string? refundId, DateTimeOffset at, string reason);

    /// <summary>Does what is left to do for a payment, and says how far it has come.</summary>
    [Alias("finish")] Task<PaymentProgress> Finish(Payment payment);

    /// <summary>How much of it is spent; null if nobody has got coins for it.</summary>
    [Alias("get-use")] Task<PaymentUse?> GetUse(Payment payment);
}

[GenerateSerializer, Alias("receipt-claim")]
internal sealed class ReceiptClaim
{
    [Id(0)] public string? UserId { get; set; }
    [Id(1)] public string? PackId { get; set; }
    [Id(2)] public Money? Price { get; set; }
    [Id(3)] public string? Reference { get; set; }

    /// <summary>The channel knows that the coins were given out.</summary>
    [Id(4)] public bool IsCompleted { get; set; }

    /// <summary>By the channel's ids.</summary>
    [Id(5)] public Dictionary<string, RefundNote> Refunds { get; set; } = [];

    /// <summary>Every refund made until then was taken back.</summary>
    [Id(6)] public DateTimeOffset? ReversedUntil { get; set; }

    /// <summary>How many packs were paid for.</summary>
    [Id(7)] public int Quantity { get; set; } = 1;
}

[GenerateSerializer, Alias("refund-note")]
internal sealed class RefundNote
{
    [Id(0)] public PaymentRefund? Refund { get; set; }
    [Id(1)] public string? Reversal { get; set; }

    /// <summary>The wallet may have been told of the refund.</summary>
    [Id(2)] public bool IsTold { get; set; }

    /// <summary>The wallet is as this note wants it.</summary>
    [Id(3)] public bool IsSettled { get; set; }

    public bool Stands => Reversal is null && Refund is not null;

    /// <summary>How much of a payment for so many packs at that price, of <see cref="WholeOf"/>.</summary>
    public long ShareOf(Money? price, int quantity) => Refund switch
    {
        { Packs: { } packs } => packs * (long)BasisPoints,
        { BasisPoints: { } share } => share * (long)quantity,
        { AmountMinor: { } amount } when price is { AmountMinor: > 0 and var whole } && amount < whole => Math.Max(1, (long)((Int128)amount * BasisPoints / whole)) * quantity,
        _ => WholeOf(quantity),
    };

    /// <summary>Fine enough for hundredths of a percent and for packs, so that neither is rounded.</summary>
    public static long WholeOf(int quantity) => quantity * (long)BasisPoints;

    private const int BasisPoints = 10_000;
}

/// <summary>
/// The claim on one payment, which makes its proof usable once and by one user, and the notes of its refunds. Everything is stored before
/// the wallet or the channel is told, and told again until it is known to be there; the keys of what is told are derived, so it counts
/// once. A refund that comes before the purchase blocks it. If a process dies between the claim and the purchase, the same user
/// claims again and the purchase follows.
/// </summary>
internal sealed partial class ReceiptGrain(
    [PersistentState("receipt")] IPersistentState<ReceiptClaim> claim,
    PaymentChannels channels,
    Inbox inbox,
    ILedger ledger,
    GiftMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<ReceiptGrain> logger) : Grain, IReceiptGrain
{
    private ReceiptClaim State => claim.State;

    public async Task<Outcome<Payment>> Claim(Payment payment, string userId, PurchaseOrder order, CoinPack pack)
    {
        var isTheirs = State.UserId == userId;
        if (isTheirs && State.PackId is not null && State.PackId != pack.Id) return ProofUsed;
        var isVerified = isTheirs && State.PackId is not null;
        if (!isVerified)
        {
            if (channels.Find(payment.Channel) is not { } channel) return new Refusal(Refusal.UnknownChannel, $"Channel '{payment.Channel}' is not open.");
            var verified = await Verify(channel, payment, userId, order, pack);
            if (await RefuseAnother(payment, userId, verified.Refusal) is { } another) return another;
            if (!verified.IsOk) return verified;
            payment = verified.Value;
        }
        var (quantity, price) = isVerified ? (State.Quantity, State.Price) : (payment.Quantity, pack.Price * payment.Quantity);
        if (State.Refunds.Values.Where(note => note.Stands).Sum(note => note.ShareOf(price, quantity)) >= RefundNote.WholeOf(quantity))
            return new Refusal(Refusal.PaymentRefunded, "This payment was given back.");
        if (isVerified) return payment with { Reference = State.Reference, Quantity = quantity };

        NoteVoided(payment.Voided, time.GetUtcNow());
        if (channels.Find(payment.Channel) is ICompletingChannel || State.Refunds.Count > 0) await StoreCompletion(payment);
        (State.UserId, State.PackId, State.Price, State.Quantity, State.Reference) = (userId, pack.Id, price, quantity, payment.Reference);
        await Store();
        return payment;
    }

    public async Task<PaymentProgress> Refund(Payment payment, PaymentRefund refund)
    {
        if (!State.Refunds.TryGetValue(refund.Id, out var note)) State.Refunds[refund.Id] = note = new RefundNote();
        if (note.Refund is null)
        {
            note.Refund = refund;
            if (refund.At <= State.ReversedUntil) note.Reversal ??= "Reversed.";
            await Store();
        }
        return await Finish(payment);
    }

    public async Task<PaymentProgress> CountRefunds(Payment payment, DateTimeOffset at)
    {
        if (State is not { UserId: not null, PackId: { } packId } || channels.Find(payment.Channel) is not ICountingChannel channel) return PaymentProgress.Unclaimed;
        var voided = await channel.CountVoided(payment, packId);
        if (voided == 0) throw new UnavailableException($"Channel {payment.Channel} tells of a refund that it does not show yet.");
        if (NoteVoided(voided, at)) await Store();
        return await Finish(payment);
    }

    public async Task<PaymentProgress> ReverseRefund(Payment payment, string? refundId, DateTimeOffset at, string reason)
    {
        if (refundId is null && !(State.ReversedUntil >= at)) State.ReversedUntil = at;
        if (refundId is not null) State.Refunds.TryAdd(refundId, new RefundNote { IsSettled = true });
        foreach (var (id, note) in State.Refunds)
        {
            if (note.Reversal is not null || (refundId is null ? note.Refund!.At > at : id != refundId)) continue;
            (note.Reversal, note.IsSettled) = (reason, !note.IsTold);
        }
        await Store();
        return await Finish(payment);
    }

    public async Task<PaymentProgress> Finish(Payment payment)
    {
        if (State.UserId is not { } userId) return PaymentProgress.Unclaimed;
        if (await ledger.FindAccount(AccountKind.Wallet, userId) is not { } account || await ledger.FindPayment(account, payment.Channel, payment.Id) is null) return PaymentProgress.Claimed;

        foreach (var (id, note) in State.Refunds)
            if (!note.IsSettled && note.Refund is not null) await Settle(GrainFactory.GetGrain<IRefundReceiver>(userId), payment, id, note);
        if (!State.IsCompleted && State.PackId is { } packId && channels.Find(payment.Channel) is ICompletingChannel channel)
        {
            await channel.Complete(payment, packId);
            State.IsCompleted = true;
            await Store();
        }
        return PaymentProgress.Finished;
    }

    public async Task<PaymentUse?> GetUse(Payment payment) =>
        State.UserId is { } userId ? await GrainFactory.GetGrain<IRefundReceiver>(userId).GetUse(payment.Channel, payment.Id) : null;

    /// <summary>The channel counts from the beginning, however often and in which order it is asked: what is new since the last count is one refund.</summary>
    private bool NoteVoided(int voided, DateTimeOffset at)
    {
        var added = voided - State.Refunds.Values.Sum(note => note.Refund?.Packs ?? 0);
        if (added <= 0) return false;
        var refund = new PaymentRefund($"voided:{voided}", at, "Refunded in part by the store.", Packs: added);
        State.Refunds[refund.Id] = new RefundNote { Refund = refund };
        return true;
    }

    private async Task<Outcome<Payment>> Verify(IPaymentChannel channel, Payment payment, string userId, PurchaseOrder order, CoinPack pack)
    {
        try
        {
            return await channel.Verify(payment, order.Proof, userId, pack);
        }
        catch (UnavailableException fault)
        {
            LogNotVerified(fault.Message, payment.Channel);
            throw;
        }
    }

    /// <summary>
    /// Brings the wallet to what the note says. A refund that may have been told is told again before it is reversed, so that no
    /// straggler can undo the reversal.
    /// </summary>
    private async Task Settle(IRefundReceiver wallet, Payment payment, string refundId, RefundNote note)
    {
        if (note.Stands && !note.IsTold)
        {
            note.IsTold = true;
            await Store();
        }
        if (note.IsTold)
        {
            var key = DerivedKey.Of("refund", payment.Channel, payment.Id, refundId);
            var refund = note.Refund!;
            MustBeKnown(await wallet.Refund(new RefundOrder(
                key, payment.Channel, payment.Id, note.ShareOf(State.Price, State.Quantity), refund.IsDispute, refund.Reason, RefundNote.WholeOf(State.Quantity))));
            if (note.Reversal is { } reason) MustBeKnown(await wallet.ReverseRefund(new RefundReversal(DerivedKey.Of("refund-reversal", payment.Channel, payment.Id, refundId), key, reason)));
        }
        note.IsSettled = true;
        await Store();
    }

    /// <summary>That there is nothing left to refund or to reverse is an end as well.</summary>
    private static void MustBeKnown(Outcome<RefundReceipt> told)
    {
        if (!told.IsOk && told.Refusal.Code is not (Refusal.NothingToRefund or Refusal.UnknownRefund))
            throw new InvalidOperationException($"The wallet does not take a refund: {told.Refusal.Code}, {told.Refusal.Detail}");
    }

    /// <summary>A genuine proof of somebody else's payment is refused and shown to operators.</summary>
    private async Task<Refusal?> RefuseAnother(Payment payment, string userId, Refusal? refusal)
    {
        var isClaimedByAnother = State.UserId is not null && State.UserId != userId;
        if (refusal?.Code != Refusal.WrongAccount && !(isClaimedByAnother && refusal is null)) return null;

        metrics.ProofOfAnother();
        LogProofOfAnother(payment.Channel, State.UserId ?? "somebody else", userId);
        await inbox.Store(new InboxItem(
            payment.Channel, $"alert:{DerivedKey.Of(payment.Channel, payment.Id, userId)}", InboxItem.Alert, "", time.GetUtcNow(), NotificationView.Open, 0, null,
            Refusal.ProofUsed, $"User {userId} offered payment {payment.Id}, which belongs to {State.UserId ?? "another user"}."));
        return isClaimedByAnother ? ProofUsed : refusal;
    }

    /// <summary>What is left to do after the purchase is noted before it, so that it is done whatever dies.</summary>
    private async Task StoreCompletion(Payment payment)
    {
        var now = time.GetUtcNow();
        await inbox.Store(new InboxItem(
            payment.Channel, $"completion:{DerivedKey.Of(payment.Channel, payment.Id)}", InboxItem.Completion, payment.Id, now, NotificationView.Waiting, 0,
            now + options.Value.Notifications.CompleteAfter, null, null));
    }

    private async Task Store()
    {
        try
        {
            await claim.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private static Refusal ProofUsed => new(Refusal.ProofUsed, "This proof of payment has been used.");

    [LoggerMessage(LogLevel.Warning, "Channel {Channel} does not say whether a payment is good: {Reason}")]
    private partial void LogNotVerified(string reason, string channel);

    [LoggerMessage(LogLevel.Warning, "A payment of channel {Channel} that belongs to {Owner} was offered by {Other}")]
    private partial void LogProofOfAnother(string channel, string owner, string other);
}
