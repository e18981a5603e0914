using System.Security.Cryptography;
using System.Text;

namespace Wallets.Ledger;

/// <summary>
/// Keys of movements that follow from others: the same parts give the same key, whoever derives it and however often, so that what is
/// done again is recognised. A UUID of version 8 from a SHA-256, which no caller can guess into being.
/// </summary>
public static class DerivedKey
{
    public static Guid Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            BitConverter.TryWriteBytes(length, bytes.Length);
            hash.AppendData(length);   // so that the parts cannot be cut differently
            hash.AppendData(bytes);
        }
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest[..16], bigEndian: true);
    }
}
