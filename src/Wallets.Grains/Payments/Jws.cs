using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Wallets.Grains.Payments;

/// <summary>A JSON Web Signature in compact form, taken apart and not believed yet.</summary>
/// <param name="SignedBytes">What the signature is over.</param>
internal sealed record Jws(JwsHeader Header, byte[] Payload, byte[] SignedBytes, byte[] Signature)
{
    private const int MaxLength = 64 * 1024;

    /// <summary>Null if it is not one.</summary>
    public static Jws? TryParse(string? text)
    {
        if (text is null or { Length: > MaxLength } || text.Split('.') is not [var header, var payload, var signature]) return null;
        try
        {
            var parsed = JsonSerializer.Deserialize(Base64Url.DecodeFromChars(header), PaymentsJson.Default.JwsHeader);
            return parsed is null ? null : new Jws(parsed, Base64Url.DecodeFromChars(payload), Encoding.ASCII.GetBytes($"{header}.{payload}"), Base64Url.DecodeFromChars(signature));
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>A token of that header and those claims, signed with <paramref name="sign"/>.</summary>
    public static string Write(object header, object claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}

/// <param name="Alg">The algorithm.</param>
/// <param name="Kid">Which key.</param>
/// <param name="X5c">The certificates, leaf first, base64 of DER.</param>
internal sealed record JwsHeader(string? Alg, string? Kid, string?[]? X5c);
