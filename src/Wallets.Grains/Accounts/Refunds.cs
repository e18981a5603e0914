using Wallets.Grains.Payments;

namespace Wallets.Grains.Accounts;

/// <summary>A channel gave a payment back, or a part of it.</summary>
/// <param name="Key">The refund's identity, the same however often it is told: derived from channel, payment and the channel's own id of the refund.</param>
/// <param name="Channel">The payment's channel.</param>
/// <param name="Payment">The channel's id of the payment.</param>
/// <param name="Part">How much of the payment, of <paramref name="Whole"/>: hundredths of a percent, unless that says otherwise.</param>
/// <param name="IsDispute">True for a chargeback: the payer went to the bank. The wallet is frozen; after an ordinary refund it is flagged.</param>
/// <param name="Reason">For those who read the statements.</param>
[GenerateSerializer, Immutable, Alias("refund-order")]
internal sealed record RefundOrder(Guid Key, string Channel, string Payment, long Part, bool IsDispute, string Reason, long Whole = RefundDecisions.WholeBasisPoints);

/// <summary>A channel took a refund back (a dispute was won, a store reversed its refund).</summary>
/// <param name="Key">The reversal's identity.</param>
/// <param name="Refund">The key of the refund that it undoes.</param>
[GenerateSerializer, Immutable, Alias("refund-reversal")]
internal sealed record RefundReversal(Guid Key, Guid Refund, string Reason);

/// <summary>What a refund or its reversal did to the wallet. The creators' side follows by itself.</summary>
/// <param name="CoinsTaken">Coins taken from the lot; after a reversal, given back to it.</param>
/// <param name="CoinsTraced">Coins of the lot that had been spent on gifts, whose diamonds are claimed; after a reversal, restored.</param>
[GenerateSerializer, Immutable, Alias("refund-receipt")]
internal sealed record RefundReceipt(Guid Key, Guid Lot, long CoinsTaken, long CoinsTraced, int Gifts);

/// <summary>
/// The wallet's side of refunds. The key is the user id; the wallet grain answers. Idempotent by key, and safe to call again after any
/// failure: a refund is one append of all its entries. Refused with <c>unknown_payment</c> if the wallet holds no such purchase.
/// </summary>
[Alias("refund-receiver")]
internal interface IRefundReceiver : IGrainWithStringKey
{
    [Alias("refund")] Task<Outcome<RefundReceipt>> Refund(RefundOrder order);
    [Alias("reverse-refund")] Task<Outcome<RefundReceipt>> ReverseRefund(RefundReversal reversal);

    /// <summary>How much of a payment is spent; null if the wallet holds no such purchase.</summary>
    [Alias("get-use")] Task<PaymentUse?> GetUse(string channel, string payment);
}
