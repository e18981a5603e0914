using System.Security.Cryptography.X509Certificates;

namespace Wallets.Grains.Payments;

/// <summary>
/// The App Store. A proof is a signed transaction of StoreKit 2; notifications are App Store Server Notifications V2. Everything is
/// signed, so nothing has to be asked. A payment's id is the environment and the transaction id.
/// </summary>
internal sealed class AppleChannel(AppleOptions options, TimeProvider time) : IStoreChannel, IAskingChannel, IDisposable
{
    private const int WholeInMilliPercent = 100_000;
    private static readonly TimeSpan ConsumptionAnswerDue = TimeSpan.FromHours(12);

    private readonly AppleSignatures _signatures = new(X509CertificateLoader.LoadCertificateFromFile(options.RootCertificate));
    private readonly AppleServer? _server = options.Server is { } server ? new(options, server, time) : null;

    public string Name => "apple";
    public AccountNaming Naming => options.AccountNaming;

    public string ProductOf(string packId) => options.ProductPrefix + packId;

    public Task<string?> FindPayer(string proof, string productId) => Task.FromResult(Read(Jws.TryParse(proof))?.AppAccountToken);

    public Outcome<Payment> Identify(string proof) => Read(Jws.TryParse(proof)) is { } transaction && PaymentOf(transaction) is { } payment
        ? payment
        : new Refusal(Refusal.InvalidProof, "A proof of channel apple is a signed transaction of StoreKit 2 (JWS).");

    public Task<Outcome<Payment>> Verify(Payment payment, string proof, string userId, CoinPack pack)
    {
        var jws = Jws.TryParse(proof)!;
        var transaction = Read(jws)!;
        var refusal = _signatures.Check(jws, TimeOf(transaction.SignedDate)) ?? Judge(transaction, userId, pack);
        return Task.FromResult<Outcome<Payment>>(refusal is null ? payment with { Quantity = transaction.Quantity ?? 1 } : refusal);
    }

    /// <summary>The rules of a genuine transaction, each with its own code.</summary>
    private Refusal? Judge(AppleTransaction transaction, string userId, CoinPack pack)
    {
        if (transaction.BundleId != options.BundleId)
            return new(Refusal.WrongApp, "This was bought in another app.");
        if (transaction.AppAppleId is { } app && app != options.AppId)
            return new(Refusal.WrongAppId, "This was bought in another app of the store.");
        if (transaction.Environment != options.Environment)
            return new(Refusal.WrongEnvironment, $"Transactions of {options.Environment} count here, not of {transaction.Environment}.");
        if (transaction.Type != "Consumable")
            return new(Refusal.WrongProductType, "Only consumables become coins.");
        if (transaction.ProductId != ProductOf(pack.Id))
            return new(Refusal.WrongProduct, $"This paid for product '{transaction.ProductId}', not for pack {pack.Id}.");
        if (transaction.Quantity is < 1 or > Payment.MaxQuantity)
            return new(Refusal.WrongQuantity, $"Packs are bought 1 to {Payment.MaxQuantity} at a time.");
        if (transaction.InAppOwnershipType is not (null or "PURCHASED") || !AccountToken.Names(transaction.AppAccountToken, userId, options.AccountNaming))
            return new(Refusal.WrongAccount, "The app account token does not name this user.");
        if (transaction.RevocationDate is not null)
            return new(Refusal.PaymentRevoked, "The App Store has taken this purchase back.");
        return null;
    }

    public Task<Outcome<AcceptedDelivery>> Accept(Delivery delivery) => Task.FromResult(Accept(delivery.Body));

    private Outcome<AcceptedDelivery> Accept(string body)
    {
        var jws = SignedPayloadOf(body);
        if (jws is null || Notification(jws) is not { } notification || !Identifier.IsValid(notification.NotificationUuid))
            return new Refusal(Refusal.InvalidNotification, "A notification is {\"signedPayload\": JWS} with a notificationUUID.");
        if (_signatures.Check(jws, TimeOf(notification.SignedDate)) is { } refusal) return refusal;
        if (notification.Data is { } data)
        {
            if (data.BundleId != options.BundleId) return new Refusal(Refusal.WrongApp, "This is about another app.");
            if (data.Environment != options.Environment) return new Refusal(Refusal.WrongEnvironment, $"Notifications of {options.Environment} are taken here.");
            if (options.Environment == AppleOptions.Production && data.AppAppleId != options.AppId) return new Refusal(Refusal.WrongAppId, "This is about another app of the store.");
        }
        return new AcceptedDelivery(notification.NotificationUuid!);
    }

    public PaymentNews Read(string body)
    {
        if (SignedPayloadOf(body) is not { } jws || Notification(jws) is not { } notification)
            return new PaymentNews.ForPeople(Refusal.InvalidNotification, "It cannot be read.");
        var proof = notification.Data?.SignedTransactionInfo;
        var transaction = Read(Jws.TryParse(proof));
        var payment = transaction is null ? null : PaymentOf(transaction);
        var at = TimeOf(notification.SignedDate);
        return (notification.NotificationType, payment) switch
        {
            ("TEST", _) => new PaymentNews.Nothing("A test."),
            ("ONE_TIME_CHARGE", { } paid) => new PaymentNews.Announced(paid, transaction!.ProductId, proof!),
            ("REFUND", { } refunded) => new PaymentNews.Refunded(refunded, RefundOf(notification)),
            ("REFUND_REVERSED", { } refunded) => new PaymentNews.RefundReversed(refunded, null, at, "The App Store took its refund back."),
            ("REFUND_DECLINED", { } kept) => new PaymentNews.Nothing($"A refund of {kept.Id} was declined."),
            ("CONSUMPTION_REQUEST", { } asked) => new PaymentNews.UseAsked(asked, $"The App Store asks how much of {asked.Id} is spent; answer by {at + ConsumptionAnswerDue:u}."),
            ("REFUND" or "REFUND_REVERSED" or "ONE_TIME_CHARGE" or "CONSUMPTION_REQUEST", null) => new PaymentNews.ForPeople(Refusal.InvalidNotification, "It names no transaction."),
            _ => new PaymentNews.ForPeople(Refusal.UnknownNotificationType, $"Type '{notification.NotificationType}' with subtype '{notification.Subtype}'."),
        };
    }

    public async Task<bool> TellUse(Payment payment, PaymentUse use) => _server is not null && await _server.SendConsumption(payment.Id[(payment.Id.IndexOf(':', StringComparison.Ordinal) + 1)..], use);

    /// <summary>A refund is known by its time: Apple may refund a purchase, take that back, and refund it again.</summary>
    private static PaymentRefund RefundOf(AppleNotification notification)
    {
        var transaction = Read(Jws.TryParse(notification.Data!.SignedTransactionInfo))!;
        var share = transaction is { RevocationType: "REFUND_PRORATED", RevocationPercentage: > 0 and < WholeInMilliPercent and var milliPercent } ? Math.Max(1, milliPercent / 10) : (int?)null;
        var at = TimeOf(transaction.RevocationDate ?? notification.SignedDate);
        return new PaymentRefund($"{at.ToUnixTimeMilliseconds()}", at, "Refunded by the App Store.", BasisPoints: share);
    }

    private Payment? PaymentOf(AppleTransaction transaction) =>
        Identifier.IsValid(transaction.TransactionId) && Identifier.IsValid(transaction.Environment) ? new(Name, $"{transaction.Environment}:{transaction.TransactionId}") : null;

    private static Jws? SignedPayloadOf(string body) => Jws.TryParse(PaymentsJson.Read(body, PaymentsJson.Default.AppleDelivery)?.SignedPayload);

    private static AppleTransaction? Read(Jws? jws) => jws is null ? null : PaymentsJson.Read(jws.Payload, PaymentsJson.Default.AppleTransaction);

    private static AppleNotification? Notification(Jws jws) => PaymentsJson.Read(jws.Payload, PaymentsJson.Default.AppleNotification);

    /// <summary>No time that a certificate could be valid at, if it says none or nonsense.</summary>
    private static DateTimeOffset TimeOf(long? milliseconds) =>
        milliseconds is > 0 and < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.Value) : DateTimeOffset.UnixEpoch;

    public void Dispose() => _server?.Dispose();
}

internal sealed record AppleDelivery(string? SignedPayload);

internal sealed record AppleNotification(
    string? NotificationType, string? Subtype, [property: System.Text.Json.Serialization.JsonPropertyName("notificationUUID")] string? NotificationUuid, long? SignedDate, AppleNotificationData? Data);

internal sealed record AppleNotificationData(long? AppAppleId, string? BundleId, string? Environment, string? SignedTransactionInfo);

/// <param name="RevocationPercentage">In thousandths of a percent.</param>
internal sealed record AppleTransaction(
    string? TransactionId,
    string? BundleId,
    long? AppAppleId,
    string? ProductId,
    int? Quantity,
    string? Type,
    string? AppAccountToken,
    string? InAppOwnershipType,
    long? SignedDate,
    string? Environment,
    long? RevocationDate,
    string? RevocationType,
    int? RevocationPercentage);
