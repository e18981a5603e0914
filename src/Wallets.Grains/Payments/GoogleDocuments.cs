using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets.Grains.Payments;

/// <summary>A purchase as the publisher API shows it (ProductPurchase).</summary>
/// <param name="PurchaseState">0 purchased, 1 cancelled, 2 pending.</param>
/// <param name="ConsumptionState">1 once it was consumed.</param>
/// <param name="Quantity">Missing for one.</param>
/// <param name="RefundableQuantity">How many of the quantity have not been given back.</param>
/// <param name="PurchaseType">0 for a license tester's; missing on purchases for money.</param>
internal sealed record GooglePurchase(int? PurchaseState, int? ConsumptionState, int? PurchaseType, string? ProductId, int? Quantity, int? RefundableQuantity, string? OrderId, string? ObfuscatedExternalAccountId);

internal sealed record GoogleAccessToken([property: JsonPropertyName("access_token")] string? AccessToken, [property: JsonPropertyName("expires_in")] int ExpiresIn);

/// <summary>A service account's key file.</summary>
internal sealed record GoogleServiceAccount(
    [property: JsonPropertyName("client_email")] string ClientEmail,
    [property: JsonPropertyName("private_key")] string PrivateKey,
    [property: JsonPropertyName("private_key_id")] string PrivateKeyId,
    [property: JsonPropertyName("token_uri")] string TokenUri)
{
    /// <summary>Throws <see cref="IOException"/>, <see cref="JsonException"/> or <see cref="CryptographicException"/> if it is none.</summary>
    public static GoogleServiceAccount Read(string file) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(file), PaymentsJson.Default.GoogleServiceAccount) is { ClientEmail: not null, PrivateKey: not null, TokenUri: not null } account
            ? account
            : throw new JsonException("It is not the key file of a service account.");
}

/// <summary>What Pub/Sub pushes.</summary>
internal sealed record GooglePush(GooglePushMessage? Message);

/// <param name="Data">A <see cref="GoogleNotification"/> in base64.</param>
internal sealed record GooglePushMessage(string? Data, string? MessageId);

/// <summary>A Real-time Developer Notification; which one it is, is the field that is there.</summary>
internal sealed record GoogleNotification(string? PackageName, long? EventTimeMillis, GoogleOneTime? OneTimeProductNotification, GoogleVoided? VoidedPurchaseNotification, JsonElement? TestNotification);

/// <param name="NotificationType">1 purchased, 2 a pending purchase was cancelled.</param>
internal sealed record GoogleOneTime(int? NotificationType, string? PurchaseToken, string? Sku);

/// <param name="ProductType">2 for what is bought once.</param>
/// <param name="RefundType">1 for all of it, 2 for some of the quantity.</param>
internal sealed record GoogleVoided(string? PurchaseToken, string? OrderId, int? ProductType, int? RefundType);

/// <summary>The keys that Google signs push tokens with (JWKS).</summary>
internal sealed record GoogleKeys(GoogleKey[]? Keys);

internal sealed record GoogleKey(string? Kid, string? Kty, string? N, string? E);

/// <summary>What a push token says of who sends.</summary>
internal sealed record GoogleIdentity(string? Iss, string? Aud, string? Email, [property: JsonPropertyName("email_verified")] bool? EmailVerified, long? Exp);
