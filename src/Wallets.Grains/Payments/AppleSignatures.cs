using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Wallets.Grains.Payments;

/// <summary>
/// Whether the App Store signed something: ES256 by a leaf certificate of the App Store's, under Apple's intermediate for developers,
/// under the pinned root, all of them valid when it was signed.
/// </summary>
internal sealed class AppleSignatures(X509Certificate2 root)
{
    private const string LeafMarker = "1.2.840.113635.100.6.11.1";
    private const string IntermediateMarker = "1.2.840.113635.100.6.2.1";

    /// <summary>Null if it is genuine.</summary>
    public Refusal? Check(Jws jws, DateTimeOffset signedAt)
    {
        if (jws.Header.Alg != "ES256") return new(Refusal.InvalidSignature, "The App Store signs with ES256.");
        if (ReadCertificates(jws.Header.X5c) is not [var leaf, var intermediate, var top]) return Untrusted("It must carry a chain of three certificates.");
        using var _ = leaf;
        using var __ = intermediate;
        using var ___ = top;

        if (!top.RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span)) return Untrusted("The chain does not end at the pinned root.");
        if (!Has(leaf, LeafMarker) || !Has(intermediate, IntermediateMarker)) return Untrusted("The certificates are not those of App Store receipts.");
        try
        {
            return CheckChain(leaf, intermediate, signedAt) ?? CheckSignature(leaf, jws);
        }
        catch (CryptographicException)
        {
            return Untrusted("A certificate is damaged.");   // found by whoever first uses the part that is
        }
    }

    private static Refusal? CheckSignature(X509Certificate2 leaf, Jws jws)
    {
        using var key = leaf.GetECDsaPublicKey();
        return key is { KeySize: 256 } && key.VerifyData(jws.SignedBytes, jws.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? null
            : new(Refusal.InvalidSignature, "The signature does not fit the content.");
    }

    private Refusal? CheckChain(X509Certificate2 leaf, X509Certificate2 intermediate, DateTimeOffset signedAt)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(root);
        policy.ExtraStore.Add(intermediate);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = signedAt.UtcDateTime;
        if (chain.Build(leaf) && chain.ChainElements.Count == 3) return null;

        return chain.ChainStatus.Any(status => status.Status == X509ChainStatusFlags.NotTimeValid)
            ? new(Refusal.CertificateExpired, "A certificate was not valid when this was signed.")
            : Untrusted("The certificates do not form a chain.");
    }

    private static List<X509Certificate2> ReadCertificates(string?[]? x5c)
    {
        var certificates = new List<X509Certificate2>();
        if (x5c is not { Length: 3 }) return certificates;
        try
        {
            foreach (var encoded in x5c) certificates.Add(X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded ?? "")));
        }
        catch (Exception malformed) when (malformed is FormatException or CryptographicException)
        {
            certificates.Clear();
        }
        return certificates;
    }

    private static bool Has(X509Certificate2 certificate, string marker) => certificate.Extensions.Any(extension => extension.Oid?.Value == marker);

    private static Refusal Untrusted(string why) => new(Refusal.UntrustedCertificate, why);
}
