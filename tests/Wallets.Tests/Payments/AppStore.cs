using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Wallets.Grains.Payments;

namespace Wallets.Tests.Payments;

/// <summary>An App Store with a certificate chain of its own, which signs whatever a test wants.</summary>
internal sealed class AppStore
{
    public const string LeafMarker = "1.2.840.113635.100.6.11.1";
    public const string IntermediateMarker = "1.2.840.113635.100.6.2.1";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public AppStore(string folder, string leafMarker = LeafMarker, string intermediateMarker = IntermediateMarker, DateTimeOffset? leafEnds = null)
    {
        var begin = Now.AddYears(-2);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var rootRequest = Authority("CN=Test Root", rootKey);
        using var root = rootRequest.CreateSelfSigned(begin, Now.AddYears(10));
        var intermediateRequest = Authority("CN=Test Intermediate", intermediateKey);
        intermediateRequest.CertificateExtensions.Add(new X509Extension(intermediateMarker, [5, 0], critical: false));
        using var intermediate = intermediateRequest.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), begin, Now.AddYears(5), [1, 2, 3]);
        var leafRequest = new CertificateRequest("CN=Test App Store", _key, HashAlgorithmName.SHA256);
        leafRequest.CertificateExtensions.Add(new X509Extension(leafMarker, [5, 0], critical: false));
        using var leaf = leafRequest.Create(intermediate.SubjectName, X509SignatureGenerator.CreateForECDsa(intermediateKey), begin, leafEnds ?? Now.AddYears(1), [4, 5, 6]);

        Chain = [.. new[] { leaf, intermediate, root }.Select(certificate => Convert.ToBase64String(certificate.RawData))];
        RootFile = Path.Combine(folder, $"root-{Guid.NewGuid():N}.pem");
        File.WriteAllText(RootFile, root.ExportCertificatePem());
    }

    public string[] Chain { get; set; }
    public string RootFile { get; }
    public string Algorithm { get; set; } = "ES256";
    public DateTimeOffset SignedAt { get; set; } = Now;

    public AppleOptions Options => new() { BundleId = "com.example.live", AppId = 42, RootCertificate = RootFile, ProductPrefix = "coins." };

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A purchase of a pack as StoreKit 2 signs it; <paramref name="change"/> makes it wrong.</summary>
    public string Transaction(string userId, string packId, string id = "2000000001", Action<Dictionary<string, object?>>? change = null)
    {
        var transaction = new Dictionary<string, object?>
        {
            ["transactionId"] = id,
            ["originalTransactionId"] = id,
            ["bundleId"] = "com.example.live",
            ["productId"] = $"coins.{packId}",
            ["purchaseDate"] = SignedAt.ToUnixTimeMilliseconds(),
            ["quantity"] = 1,
            ["type"] = "Consumable",
            ["appAccountToken"] = AccountToken.Of(userId, AccountNaming.Uuid5),
            ["inAppOwnershipType"] = "PURCHASED",
            ["signedDate"] = SignedAt.ToUnixTimeMilliseconds(),
            ["environment"] = "Production",
        };
        change?.Invoke(transaction);
        return Sign(transaction);
    }

    /// <summary>A notification's body.</summary>
    public string Notification(string type, string? transaction, string? uuid = null, Action<Dictionary<string, object?>>? changeData = null, DateTimeOffset? at = null)
    {
        var data = new Dictionary<string, object?> { ["appAppleId"] = 42, ["bundleId"] = "com.example.live", ["environment"] = "Production", ["signedTransactionInfo"] = transaction };
        changeData?.Invoke(data);
        return JsonSerializer.Serialize(new
        {
            signedPayload = Sign(new { notificationType = type, notificationUUID = uuid ?? Guid.NewGuid().ToString(), version = "2.0", signedDate = (at ?? SignedAt).ToUnixTimeMilliseconds(), data }),
        });
    }

    public string Sign(object payload)
    {
        var signed = $"{Encode(new { alg = Algorithm, x5c = Chain })}.{Encode(payload)}";
        return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request;
    }
}
