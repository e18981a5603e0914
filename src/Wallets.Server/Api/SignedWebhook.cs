using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Wallets.Server.Api;

/// <summary>
/// Webhooks that are signed with a shared secret: header <c>Wallets-Signature: t=seconds,v1=hex</c>, where v1 is the HMAC-SHA256 of
/// <c>t.body</c>. Older or younger than five minutes is not believed.
/// </summary>
internal static class SignedWebhook
{
    public const string Header = "Wallets-Signature";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>The body, if it was signed with the secret just now; throws <see cref="BadSignatureException"/> otherwise.</summary>
    public static async Task<byte[]> Read(HttpRequest request, string secret, DateTimeOffset now)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return IsSigned(request.Headers[Header].ToString(), body.ToArray(), secret, now) ? body.ToArray() : throw new BadSignatureException();
    }

    public static string Sign(byte[] body, string secret, DateTimeOffset now)
    {
        var at = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={at},v1={Convert.ToHexStringLower(Mac(at, body, secret))}";
    }

    private static bool IsSigned(string header, byte[] body, string secret, DateTimeOffset now)
    {
        if (header.Split(',') is not [['t', '=', .. var at], ['v', '1', '=', .. var hex]]) return false;
        if (!long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return false;
        if ((now - DateTimeOffset.FromUnixTimeSeconds(seconds)).Duration() > Tolerance || hex.Length != 2 * SHA256.HashSizeInBytes || !hex.All(char.IsAsciiHexDigit)) return false;
        return CryptographicOperations.FixedTimeEquals(Convert.FromHexString(hex), Mac(at, body, secret));
    }

    private static byte[] Mac(string at, byte[] body, string secret)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(at + "."), .. body];
        return HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed);
    }
}

/// <summary>A webhook that was not signed by whom it should be, or long ago.</summary>
internal sealed class BadSignatureException() : Exception("The signature is missing, wrong, or older than five minutes.");
