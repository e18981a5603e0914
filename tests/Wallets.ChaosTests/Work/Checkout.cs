using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Wallets.ChaosTests.Work;

/// <summary>A checkout on the web: its events, and how it signs them, by the documents alone.</summary>
internal static class Checkout
{
    public const string Secret = "a-secret-of-the-checkout-in-chaos-0123456789";
    public const string Header = "Wallets-Signature";
    public const string Pack = "web-440";
    public const long Coins = 440;

    private const long Cents = 499;

    public static string Paid(string payment, string user) => Event("payment.succeeded", new { paymentId = payment, userId = user, packId = Pack, amountMinor = Cents, currency = "USD" });

    /// <summary>That the payment was refunded, disputed, or its dispute won.</summary>
    public static string Told(string type, string payment) => type == "payment.refunded" ? Event(type, new { paymentId = payment, refundId = "r" }) : Event(type, new { paymentId = payment });

    public static string Proof(string body) => $"{Sign(body)}.{Convert.ToBase64String(Encoding.UTF8.GetBytes(body)).TrimEnd('=').Replace('+', '-').Replace('/', '_')}";

    public static string Sign(string body)
    {
        var at = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return $"t={at},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{at}.{body}")))}";
    }

    private static string Event(string type, object data) => JsonSerializer.Serialize(new { id = $"evt-{Guid.NewGuid():N}", type, data });
}

/// <summary>What is asked for without a key of the caller's is known by what it says.</summary>
internal static class Identity
{
    public static Guid Of(params string[] parts) => new(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))).AsSpan(0, 16));
}
