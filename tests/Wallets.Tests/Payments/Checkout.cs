using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Wallets.Grains.Payments;

namespace Wallets.Tests.Payments;

/// <summary>A web checkout: its events and how it signs them.</summary>
internal static class Checkout
{
    public const string Secret = "a-secret-of-the-checkout-0123456789abcdef";
    public const string OldSecret = "an-older-secret-of-the-checkout-0123456789";

    public static WebOptions Options => new() { Secrets = [Secret, OldSecret] };

    public static string Event(string type, object data, string? id = null) => JsonSerializer.Serialize(new { id = id ?? $"evt_{Guid.NewGuid():N}", type, data });

    public static string Paid(string paymentId, string userId, string packId = "web-87", long amountMinor = 99, string currency = "USD", string? id = null) =>
        Event("payment.succeeded", new { paymentId, userId, packId, amountMinor, currency }, id);

    public static string Sign(string body, DateTimeOffset? at = null, params string[] secrets)
    {
        var t = (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds();
        var signatures = (secrets.Length == 0 ? [Secret] : secrets).Select(secret => $"v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{t}.{body}")))}");
        return $"t={t},{string.Join(',', signatures)}";
    }

    public static string Proof(string body, DateTimeOffset? at = null, params string[] secrets) => $"{Sign(body, at, secrets)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(body))}";

    public static Delivery Deliver(string body, string? signature = null) => new("web", body, new() { [WebhookSignature.Header] = signature ?? Sign(body) }, null);
}
