using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Wallets;

/// <summary>
/// How checkouts and identity providers sign what they send: header <c>Wallets-Signature: t=UNIX-SECONDS,v1=HEX</c>, where v1 is the
/// HMAC-SHA256 of <c>t.body</c> under a shared secret. Several v1 may stand there while secrets are changed.
/// </summary>
public static class WebhookSignature
{
    public const string Header = "Wallets-Signature";

    /// <summary>How far the signature's time may be from the receiver's.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private const int MostParts = 8;
    private const long LatestSecond = 253_402_300_799;   // the end of the year 9999

    /// <summary>The header's value for a body that is sent at <paramref name="at"/>.</summary>
    public static string Sign(ReadOnlySpan<byte> body, ReadOnlySpan<byte> secret, DateTimeOffset at)
    {
        var seconds = at.ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"t={seconds},v1={Convert.ToHexStringLower(Mac(seconds, body, secret))}");
    }

    /// <summary>When it was signed, or null if no signature is by one of <paramref name="secrets"/>. Whether that is too old is the caller's to judge.</summary>
    public static DateTimeOffset? SignedAt(string header, ReadOnlySpan<byte> body, params ReadOnlySpan<byte[]> secrets)
    {
        var parts = header.Split(',');
        var time = Array.Find(parts, part => part.StartsWith("t=", StringComparison.Ordinal));
        if (time is null || parts.Length > MostParts || !long.TryParse(time.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > LatestSecond) return null;

        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var part in parts)
        {
            if (!part.StartsWith("v1=", StringComparison.Ordinal) || part.Length != 3 + 2 * given.Length) continue;
            if (Convert.FromHexString(part.AsSpan(3), given, out _, out _) != System.Buffers.OperationStatus.Done) continue;
            foreach (var secret in secrets)
                if (CryptographicOperations.FixedTimeEquals(Mac(seconds, body, secret), given)) return DateTimeOffset.FromUnixTimeSeconds(seconds);
        }
        return null;
    }

    private static byte[] Mac(long seconds, ReadOnlySpan<byte> body, ReadOnlySpan<byte> secret) =>
        HMACSHA256.HashData(secret, [.. Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture)), (byte)'.', .. body]);
}
