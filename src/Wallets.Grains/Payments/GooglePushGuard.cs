using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Wallets.Grains.Payments;

/// <summary>
/// Whether a push comes from our own Pub/Sub subscription: by the token that Google signs for its service account, or by the secret
/// in the address. If neither is configured, no push is believed.
/// </summary>
internal sealed class GooglePushGuard(GoogleOptions options, HttpClient http, TimeProvider time)
{
    private const string Bearer = "Bearer ";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeysAreGoodFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1);

    private GoogleKeys? _keys;
    private DateTimeOffset _fetchedAt;

    /// <summary>Null if it does.</summary>
    public async Task<Refusal?> Check(Delivery delivery)
    {
        if (options.PushSecret is { Length: > 0 } secret && delivery.Token is { } token
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(secret)))
            return null;
        if (options.PushAudience is null || delivery.Header("Authorization") is not { } header || !header.StartsWith(Bearer, StringComparison.Ordinal))
            return new(Refusal.InvalidSignature, "The push carries neither the token nor the secret that is configured.");
        return await CheckToken(Jws.TryParse(header[Bearer.Length..]));
    }

    private async Task<Refusal?> CheckToken(Jws? jws)
    {
        if (jws is not { Header: { Alg: "RS256", Kid: { } kid } } || await FindKey(kid) is not { } key)
            return new(Refusal.InvalidSignature, "The push token is not signed by a key of Google's.");
        using var rsa = RSA.Create(new RSAParameters { Modulus = Base64Url.DecodeFromChars(key.N), Exponent = Base64Url.DecodeFromChars(key.E) });
        if (!rsa.VerifyData(jws.SignedBytes, jws.Signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            return new(Refusal.InvalidSignature, "The push token's signature does not fit.");

        var who = PaymentsJson.Read(jws.Payload, PaymentsJson.Default.GoogleIdentity);
        if (who is null || who.Iss is not ("https://accounts.google.com" or "accounts.google.com") || who.Aud != options.PushAudience || who.Email != options.PushServiceAccount || who.EmailVerified != true)
            return new(Refusal.InvalidSignature, "The push token is for somebody else.");
        return who.Exp is { } end && time.GetUtcNow().ToUnixTimeSeconds() <= end + (long)ClockSkew.TotalSeconds
            ? null
            : new(Refusal.SignatureExpired, "The push token is too old.");
    }

    /// <summary>An unknown key is looked for at Google's, but not more often than once a minute.</summary>
    private async Task<GoogleKey?> FindKey(string kid)
    {
        var now = time.GetUtcNow();
        var age = now - _fetchedAt;
        var known = Known(kid);
        if ((known is not null && age < KeysAreGoodFor) || age < ShortestPause) return known;
        try
        {
            _keys = PaymentsJson.Read(await http.GetByteArrayAsync(options.PushKeysUrl), PaymentsJson.Default.GoogleKeys);
            _fetchedAt = now;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            if (known is null) throw new UnavailableException("Google's keys cannot be had; nothing was written.");
        }
        return Known(kid) ?? known;
    }

    private GoogleKey? Known(string kid) => Array.Find(_keys?.Keys ?? [], key => key is { Kty: "RSA", N: not null, E: not null } && key.Kid == kid);
}
