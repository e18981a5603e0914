using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Wallets.Grains.Payments;

namespace Wallets.Server.Hosting;

/// <summary>What a channel needs before it can be opened. A channel that is not configured at all is closed.</summary>
internal static class ChannelSettings
{
    private const int MinSecretLength = 32;

    public static void Check(ChannelOptions channels, bool isProduction)
    {
        if (channels.Apple is { } apple) Check(apple, isProduction);
        if (channels.Google is { } google) Check(google, isProduction);
        if (channels.Web is { } web && (web.Secrets.Length == 0 || !Array.TrueForAll(web.Secrets, IsSecret)))
            throw new BadConfigurationException($"Set Wallets:Channels:Web:Secrets to one or more secrets of at least {MinSecretLength} characters.");
    }

    private static void Check(AppleOptions apple, bool isProduction)
    {
        if (string.IsNullOrWhiteSpace(apple.BundleId))
            throw new BadConfigurationException("Set Wallets:Channels:Apple:BundleId to the app's bundle id.");
        if (apple.Environment is not (AppleOptions.Production or AppleOptions.Sandbox))
            throw new BadConfigurationException("Set Wallets:Channels:Apple:Environment to Production or Sandbox.");
        if (isProduction && apple.Environment != AppleOptions.Production)
            throw new BadConfigurationException("Set Wallets:Channels:Apple:Environment to Production: what is bought in the sandbox costs nothing.");
        if (apple.Environment == AppleOptions.Production && apple.AppId <= 0)
            throw new BadConfigurationException("Set Wallets:Channels:Apple:AppId to the app's id in the App Store.");
        CheckFile("Wallets:Channels:Apple:RootCertificate", "Apple's root certificate, PEM or DER", apple.RootCertificate, file => X509CertificateLoader.LoadCertificateFromFile(file).Dispose());
        if (apple.Server is { } server) Check(server);
    }

    private static void Check(AppleServerOptions server)
    {
        if (string.IsNullOrWhiteSpace(server.KeyId) || string.IsNullOrWhiteSpace(server.IssuerId))
            throw new BadConfigurationException("Set Wallets:Channels:Apple:Server:KeyId and IssuerId to those of the key.");
        if (!server.CustomersConsent)
            throw new BadConfigurationException("Set Wallets:Channels:Apple:Server:CustomersConsent to true if everybody who buys agrees that Apple is told what they spent, or leave Server out.");
        CheckFile("Wallets:Channels:Apple:Server:KeyFile", "the key's file (.p8)", server.KeyFile, file =>
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(file));
        });
    }

    private static void Check(GoogleOptions google, bool isProduction)
    {
        if (string.IsNullOrWhiteSpace(google.PackageName))
            throw new BadConfigurationException("Set Wallets:Channels:Google:PackageName to the app's package name.");
        if (isProduction && google.AllowTestPurchases)
            throw new BadConfigurationException("Set Wallets:Channels:Google:AllowTestPurchases to false: license testers do not pay.");
        if (google.PushSecret is not null && !IsSecret(google.PushSecret))
            throw new BadConfigurationException($"Set Wallets:Channels:Google:PushSecret to at least {MinSecretLength} characters, or leave it out.");
        if (google.PushAudience is null != google.PushServiceAccount is null)
            throw new BadConfigurationException("Set Wallets:Channels:Google:PushAudience and PushServiceAccount together.");
        CheckFile("Wallets:Channels:Google:ServiceAccountFile", "the service account's key file", google.ServiceAccountFile, file =>
        {
            using var key = RSA.Create();
            key.ImportFromPem(GoogleServiceAccount.Read(file).PrivateKey);
        });
    }

    private static void CheckFile(string setting, string what, string file, Action<string> read)
    {
        try
        {
            read(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or JsonException or ArgumentException)
        {
            throw new BadConfigurationException($"Set {setting} to {what}; '{file}' cannot be read as such.");   // its content is not shown: it may be secret
        }
    }

    private static bool IsSecret(string text) => text.Length >= MinSecretLength;
}
