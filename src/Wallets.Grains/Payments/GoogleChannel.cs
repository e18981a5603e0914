namespace Wallets.Grains.Payments;

/// <summary>
/// Google Play. A proof is a purchase token, which is also the payment's id; the publisher API says what it is worth. Once the coins are
/// in the wallet the purchase is consumed, or Google gives the money back after three days. Notifications are pushed by Pub/Sub.
/// </summary>
internal sealed class GoogleChannel : ICompletingChannel, ICountingChannel, IStoreChannel, IDisposable
{
    private const int Purchased = 0;
    private const int Cancelled = 1;
    private const int Pending = 2;
    private const int OfLicenseTester = 0;
    private const int BoughtOnce = 2;
    private const int VoidedInPart = 2;

    private readonly GoogleOptions _options;
    private readonly TimeProvider _time;
    private readonly GooglePublisher _publisher;
    private readonly GooglePushGuard _pushes;

    public GoogleChannel(GoogleOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        var http = new StoreHttp("Google Play");
        _publisher = new GooglePublisher(options, http, time);
        _pushes = new GooglePushGuard(options, http.Client, time);
    }

    public string Name => "google";
    public AccountNaming Naming => _options.AccountNaming;

    public Outcome<Payment> Identify(string proof) => IsToken(proof)
        ? new Payment(Name, proof)
        : new Refusal(Refusal.InvalidProof, $"A proof of channel google is a purchase token of at most {Payment.MaxIdLength} characters.");

    public async Task<Outcome<Payment>> Verify(Payment payment, string proof, string userId, CoinPack pack)
    {
        var productId = ProductOf(pack.Id);
        if (await _publisher.Find(productId, payment.Id) is not { } purchase)
            return new Refusal(Refusal.InvalidProof, $"Google Play knows no such purchase of {productId}.");
        if (Judge(purchase, productId, userId) is { } refusal) return refusal;
        return payment with { Reference = purchase.OrderId, Quantity = QuantityOf(purchase), Voided = VoidedOf(purchase) };
    }

    /// <summary>The rules, each with its own code.</summary>
    private Refusal? Judge(GooglePurchase purchase, string productId, string userId)
    {
        if (purchase.ProductId is { } product && product != productId)
            return new(Refusal.WrongProduct, $"This paid for product '{product}', not for {productId}.");
        if (purchase.PurchaseType == OfLicenseTester && !_options.AllowTestPurchases)
            return new(Refusal.WrongEnvironment, "Purchases by license testers do not count here.");
        if (!AccountToken.Names(purchase.ObfuscatedExternalAccountId, userId, _options.AccountNaming))
            return new(Refusal.WrongAccount, "The obfuscated account id does not name this user.");
        if (purchase.Quantity is < 1 or > Payment.MaxQuantity)
            return new(Refusal.WrongQuantity, $"Packs are bought 1 to {Payment.MaxQuantity} at a time.");
        return purchase.PurchaseState switch
        {
            Purchased when VoidedOf(purchase) == QuantityOf(purchase) => new(Refusal.PaymentRevoked, "Google Play has given all of this purchase back."),
            Purchased => null,
            Cancelled => new(Refusal.PaymentCancelled, "This purchase was cancelled."),
            Pending => new(Refusal.PaymentPending, "This purchase is not paid yet; try again when it is."),
            var other => new(Refusal.InvalidProof, $"Google Play says that the purchase is in state {other}, which is not known."),
        };
    }

    public async Task<int> CountVoided(Payment payment, string packId) => await _publisher.Find(ProductOf(packId), payment.Id) is { } purchase
        ? VoidedOf(purchase)
        : throw new UnavailableException("Google Play does not know the purchase of which it gave a part back.");

    private static int QuantityOf(GooglePurchase purchase) => purchase.Quantity ?? 1;

    /// <summary>A purchase of one is given back as a whole or not at all, and what can be given back of it is not always said.</summary>
    private static int VoidedOf(GooglePurchase purchase)
    {
        var quantity = QuantityOf(purchase);
        if (purchase.PurchaseState == Cancelled) return quantity;
        return quantity > 1 && purchase.RefundableQuantity is { } left ? Math.Clamp(quantity - left, 0, quantity) : 0;
    }

    public async Task Complete(Payment payment, string packId)
    {
        var productId = ProductOf(packId);
        if (await _publisher.Consume(productId, payment.Id)) return;
        if (await _publisher.Find(productId, payment.Id) is { PurchaseState: Purchased, ConsumptionState: not 1 })
            throw new UnavailableException("Google Play does not let the purchase be consumed.");
    }

    public async Task<Outcome<AcceptedDelivery>> Accept(Delivery delivery)
    {
        if (await _pushes.Check(delivery) is { } refusal) return refusal;
        if (PaymentsJson.Read(delivery.Body, PaymentsJson.Default.GooglePush)?.Message is not { MessageId: { } id } || !Identifier.IsValid(id) || Notification(delivery.Body) is not { } notification)
            return new Refusal(Refusal.InvalidNotification, "A push is {\"message\": {\"data\": BASE64, \"messageId\"}}.");
        return notification.PackageName == _options.PackageName
            ? new AcceptedDelivery(id)
            : new Refusal(Refusal.WrongApp, "This is about another app.");
    }

    public PaymentNews Read(string body)
    {
        var notification = Notification(body);
        return notification switch
        {
            null => new PaymentNews.ForPeople(Refusal.InvalidNotification, "It cannot be read."),
            { TestNotification: not null } => new PaymentNews.Nothing("A test."),
            { OneTimeProductNotification: { NotificationType: 1, PurchaseToken: { } token, Sku: var sku } } when IsToken(token) => new PaymentNews.Announced(new(Name, token), sku, token),
            { OneTimeProductNotification.NotificationType: 2 } => new PaymentNews.Nothing("A pending purchase was cancelled."),
            { VoidedPurchaseNotification: { ProductType: BoughtOnce, RefundType: VoidedInPart, PurchaseToken: { } token } } when IsToken(token) => new PaymentNews.PartlyRefunded(new(Name, token), TimeOf(notification)),
            { VoidedPurchaseNotification: { ProductType: BoughtOnce, PurchaseToken: { } token } } when IsToken(token) => new PaymentNews.Refunded(new(Name, token), new("voided", TimeOf(notification), "Refunded by Google Play.")),
            _ => new PaymentNews.ForPeople(Refusal.UnknownNotificationType, "It is about neither a purchase nor a voided one."),
        };
    }

    private DateTimeOffset TimeOf(GoogleNotification notification) =>
        notification.EventTimeMillis is > 0 and < 253_402_300_800_000 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : _time.GetUtcNow();

    private static GoogleNotification? Notification(string body)
    {
        var data = PaymentsJson.Read(body, PaymentsJson.Default.GooglePush)?.Message?.Data;
        var json = new byte[data?.Length ?? 0];
        return data is not null && Convert.TryFromBase64String(data, json, out var length) ? PaymentsJson.Read(json[..length], PaymentsJson.Default.GoogleNotification) : null;
    }

    public string ProductOf(string packId) => _options.ProductPrefix + packId.Replace('-', '_');

    public async Task<string?> FindPayer(string proof, string productId) => (await _publisher.Find(productId, proof))?.ObfuscatedExternalAccountId;

    private static bool IsToken(string token) => token.Length is > 0 and <= Payment.MaxIdLength && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    public void Dispose() => _publisher.Dispose();
}
