using System.Buffers.Text;
using System.Text;

namespace Wallets.Grains.Payments;

/// <summary>
/// A checkout of one's own on the web. It signs events as <see cref="WebhookSignature"/> says, and an event is old after its tolerance. The proof of a purchase is the
/// event <c>payment.succeeded</c> with its signature, <c>t=…,v1=….BASE64URL-OF-BODY</c>, and never too old: its payment counts once.
/// </summary>
internal sealed class WebChannel(WebOptions options, TimeProvider time) : INotifyingChannel
{
    private readonly byte[][] _secrets = [.. options.Secrets.Select(Encoding.UTF8.GetBytes)];

    public string Name => "web";

    public Outcome<Payment> Identify(string proof) => Open(proof) is { } signed && Succeeded(signed.Body) is { PaymentId: { } id } && Identifier.IsValid(id)
        ? new Payment(Name, id)
        : new Refusal(Refusal.InvalidProof, "A proof of channel web is t=…,v1=….BASE64URL of the event payment.succeeded.");

    public Task<Outcome<Payment>> Verify(Payment payment, string proof, string userId, CoinPack pack)
    {
        var (signature, body) = Open(proof)!.Value;
        var refusal = SignedAt(signature, body) is null ? NotSigned : Judge(Succeeded(body)!, userId, pack);
        return Task.FromResult<Outcome<Payment>>(refusal is null ? payment : refusal);
    }

    private static Refusal? Judge(WebEventData paid, string userId, CoinPack pack)
    {
        if (paid.UserId != userId) return new(Refusal.WrongAccount, "Another user paid this.");
        if (paid.PackId != pack.Id) return new(Refusal.WrongProduct, $"This paid for pack '{paid.PackId}', not for {pack.Id}.");
        if (paid.Currency != pack.Price.Currency) return new(Refusal.WrongCurrency, $"Pack {pack.Id} is sold in {pack.Price.Currency}; this was paid in '{paid.Currency}'.");
        if (paid.AmountMinor != pack.Price.AmountMinor) return new(Refusal.WrongAmount, $"Pack {pack.Id} costs {pack.Price.AmountMinor}; {paid.AmountMinor} was paid (in minor units).");
        return null;
    }

    private DateTimeOffset? SignedAt(string header, string body) => WebhookSignature.SignedAt(header, Encoding.UTF8.GetBytes(body), _secrets);

    private static Refusal NotSigned => new(Refusal.InvalidSignature, $"Send {WebhookSignature.Header}: t=UNIX-SECONDS,v1=HEX, by a secret of this channel.");

    public Task<Outcome<AcceptedDelivery>> Accept(Delivery delivery) => Task.FromResult(AcceptNow(delivery));

    private Outcome<AcceptedDelivery> AcceptNow(Delivery delivery)
    {
        if (SignedAt(delivery.Header(WebhookSignature.Header) ?? "", delivery.Body) is not { } signedAt) return NotSigned;
        if ((time.GetUtcNow() - signedAt).Duration() > WebhookSignature.Tolerance) return new Refusal(Refusal.SignatureExpired, "The signature's time is more than five minutes away.");
        return PaymentsJson.Read(delivery.Body, PaymentsJson.Default.WebEvent)?.Id is { } id && Identifier.IsValid(id)
            ? new AcceptedDelivery(id)
            : new Refusal(Refusal.InvalidNotification, "An event is {\"id\", \"type\", \"data\"}.");
    }

    public PaymentNews Read(string body)
    {
        var told = PaymentsJson.Read(body, PaymentsJson.Default.WebEvent);
        var data = told?.Data;
        if (told is null || (IsKnown(told.Type) && (data is null || !Identifier.IsValid(data.PaymentId) || data.AmountMinor is <= 0)))
            return Unreadable("an id of the payment, or its amount, is missing or makes no sense");
        var payment = new Payment(Name, data?.PaymentId ?? "");
        var now = time.GetUtcNow();
        return told.Type switch
        {
            "payment.succeeded" => Identifier.IsValid(data!.UserId) && data.PackId is { } packId
                ? new PaymentNews.Paid(data.UserId!, new PurchaseOrder(Ledger.DerivedKey.Of("purchase", Name, payment.Id), packId, Name, ProofOf(body)))
                : Unreadable("it names no user or no pack"),
            "payment.refunded" => Identifier.IsValid(data!.RefundId)
                ? new PaymentNews.Refunded(payment, new PaymentRefund($"refund:{data.RefundId}", now, "Refunded by the checkout.", data.AmountMinor))
                : Unreadable("it names no refund"),
            "dispute.opened" => new PaymentNews.Refunded(payment, new PaymentRefund(DisputeOf(data!), now, "The payer disputes the payment.", data!.AmountMinor, IsDispute: true)),
            "dispute.lost" => new PaymentNews.Refunded(payment, new PaymentRefund(DisputeOf(data!), now, "The payer's dispute was lost.", data!.AmountMinor, IsDispute: true)),
            "dispute.won" => new PaymentNews.RefundReversed(payment, DisputeOf(data!), now, "The payer's dispute was won."),
            _ => new PaymentNews.ForPeople(Refusal.UnknownNotificationType, $"Type '{told.Type}'."),
        };
    }

    private static bool IsKnown(string? type) => type is "payment.succeeded" or "payment.refunded" or "dispute.opened" or "dispute.lost" or "dispute.won";

    private static PaymentNews.ForPeople Unreadable(string why) => new(Refusal.InvalidNotification, $"It cannot be read: {why}.");

    /// <summary>A payment has one dispute unless the checkout tells them apart.</summary>
    private static string DisputeOf(WebEventData data) => $"dispute:{data.DisputeId ?? data.PaymentId}";

    /// <summary>An event that was accepted is its own proof, signed anew: the secret it came with may be gone by now.</summary>
    private string ProofOf(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return $"{WebhookSignature.Sign(bytes, _secrets[0], time.GetUtcNow())}.{Base64Url.EncodeToString(bytes)}";
    }

    private static (string Signature, string Body)? Open(string proof)
    {
        var dot = proof.IndexOf('.', StringComparison.Ordinal);
        try
        {
            return dot < 0 ? null : (proof[..dot], Encoding.UTF8.GetString(Base64Url.DecodeFromChars(proof.AsSpan(dot + 1))));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static WebEventData? Succeeded(string body) =>
        PaymentsJson.Read(body, PaymentsJson.Default.WebEvent) is { Type: "payment.succeeded", Data: { } data } ? data : null;
}

internal sealed record WebEvent(string? Id, string? Type, WebEventData? Data);

/// <param name="AmountMinor">What was paid; on refunds and disputes what is given back, all of it if it is missing.</param>
internal sealed record WebEventData(string? PaymentId, string? UserId, string? PackId, long? AmountMinor, string? Currency, string? RefundId, string? DisputeId);
