namespace Wallets.Grains.Payments;

/// <summary>A payment as its channel knows it.</summary>
/// <param name="Id">The channel's own id, which makes the payment count once.</param>
/// <param name="Reference">What the channel's reports call it, if that is not the id.</param>
/// <param name="Quantity">How many packs were paid for at once, 1 to <see cref="MaxQuantity"/>.</param>
/// <param name="Voided">How many of them the channel has given back by now; always fewer.</param>
[GenerateSerializer, Immutable, Alias("payment")]
internal sealed record Payment(string Channel, string Id, string? Reference = null, int Quantity = 1, int Voided = 0)
{
    /// <summary>Far above what a store sells at once; with it no price or number of coins overflows.</summary>
    public const int MaxQuantity = 10_000;

    /// <summary>Longer ids are no channel's, and grain state could not be found by them.</summary>
    public const int MaxIdLength = 400;
}

/// <summary>
/// A way of paying: an app store or a checkout. Another provider is another class of this, and a line in <see cref="PaymentChannels"/>.
/// A "no" is a refusal with a code of its own for each rule; a channel that does not answer is an <see cref="UnavailableException"/>.
/// </summary>
internal interface IPaymentChannel
{
    string Name { get; }

    /// <summary>Which payment a proof speaks of, without believing it yet. Pure, so that a known key is answered without the channel.</summary>
    Outcome<Payment> Identify(string proof);

    /// <summary>Whether <paramref name="userId"/> did pay for <paramref name="pack"/>. Gives the payment with all that is known of it.</summary>
    Task<Outcome<Payment>> Verify(Payment payment, string proof, string userId, CoinPack pack);
}

/// <summary>A channel that must hear that the coins were given out, or it gives the money back.</summary>
internal interface ICompletingChannel : IPaymentChannel
{
    /// <summary>Returns once the channel knows; safe to repeat.</summary>
    Task Complete(Payment payment, string packId);
}

/// <summary>A channel that gives back some of the packs of one payment, and says how many only when it is asked.</summary>
internal interface ICountingChannel : IPaymentChannel
{
    /// <summary>How many packs of the payment have been given back so far.</summary>
    Task<int> CountVoided(Payment payment, string packId);
}

/// <summary>A channel that asks, before it decides about a refund, how much of what was bought is spent.</summary>
internal interface IAskingChannel : IPaymentChannel
{
    /// <summary>False if the channel cannot be told, so that a person has to answer; safe to repeat.</summary>
    Task<bool> TellUse(Payment payment, PaymentUse use);
}

/// <summary>The paid coins of a payment.</summary>
/// <param name="Bought">Above 0.</param>
/// <param name="Left">Those that are still in the wallet; the others were spent, or taken back.</param>
[GenerateSerializer, Immutable, Alias("payment-use")]
internal readonly record struct PaymentUse([property: Id(0)] long Bought, [property: Id(1)] long Left);

/// <summary>A channel that sends notifications.</summary>
internal interface INotifyingChannel : IPaymentChannel
{
    /// <summary>The notification's id, which it keeps when it is sent again; or why it is not the channel's own.</summary>
    Task<Outcome<AcceptedDelivery>> Accept(Delivery delivery);

    /// <summary>What an accepted notification says.</summary>
    PaymentNews Read(string body);
}

/// <summary>A store: it names packs and users in words of its own, and its notification may be all that is ever heard of a payment.</summary>
internal interface IStoreChannel : INotifyingChannel
{
    AccountNaming Naming { get; }

    string ProductOf(string packId);

    /// <summary>How the app named the user who paid; null if it did not, or the store knows no such purchase. Not believed until it is verified.</summary>
    Task<string?> FindPayer(string proof, string productId);
}

internal sealed record AcceptedDelivery(string NotificationId);

/// <summary>What a notification says, in the words that all channels share.</summary>
internal abstract record PaymentNews
{
    /// <summary>Somebody paid, and the notification itself is the proof.</summary>
    public sealed record Paid(string UserId, PurchaseOrder Order) : PaymentNews;

    /// <summary>Somebody paid in an <see cref="IStoreChannel"/>, and their app may bring the proof, or not.</summary>
    public sealed record Announced(Payment Payment, string? ProductId, string Proof) : PaymentNews;

    public sealed record Refunded(Payment Payment, PaymentRefund Refund) : PaymentNews;

    /// <summary>Some of the packs were given back; the channel, an <see cref="ICountingChannel"/>, has to be asked how many.</summary>
    public sealed record PartlyRefunded(Payment Payment, DateTimeOffset At) : PaymentNews;

    /// <param name="RefundId">The refund that is taken back; null for all that were made until <paramref name="At"/>.</param>
    public sealed record RefundReversed(Payment Payment, string? RefundId, DateTimeOffset At, string Reason) : PaymentNews;

    /// <summary>An <see cref="IAskingChannel"/> asks how much of a payment is spent.</summary>
    public sealed record UseAsked(Payment Payment, string Question) : PaymentNews;

    /// <summary>A person has to look at it.</summary>
    public sealed record ForPeople(string Code, string Detail) : PaymentNews;

    /// <summary>Nothing has to be done.</summary>
    public sealed record Nothing(string Detail) : PaymentNews;
}

/// <summary>A payment that its channel gave back, or a part of it.</summary>
/// <param name="Id">The channel's id of the refund, unique for the payment.</param>
/// <param name="AmountMinor">How much of the price; null for all of it.</param>
/// <param name="BasisPoints">How much of the price in hundredths of a percent, from channels that say it so.</param>
/// <param name="IsDispute">True for a chargeback.</param>
/// <param name="Packs">How many of the packs, from channels that count them.</param>
[GenerateSerializer, Immutable, Alias("payment-refund")]
internal sealed record PaymentRefund(string Id, DateTimeOffset At, string Reason, long? AmountMinor = null, int? BasisPoints = null, bool IsDispute = false, int? Packs = null);
