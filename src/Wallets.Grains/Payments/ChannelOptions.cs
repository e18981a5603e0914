namespace Wallets.Grains.Payments;

/// <summary>The channels that are open, section <c>Wallets:Channels</c>; one that is not configured is closed. Only silos need them.</summary>
public sealed class ChannelOptions
{
    public AppleOptions? Apple { get; set; }
    public GoogleOptions? Google { get; set; }
    public WebOptions? Web { get; set; }
}

/// <summary>How an app names its user to a store.</summary>
public enum AccountNaming
{
    /// <summary>By the UUIDv5 of the user id in namespace <see cref="AccountToken.Namespace"/>.</summary>
    Uuid5,

    /// <summary>By the user id as it is.</summary>
    UserId,
}

public sealed class AppleOptions
{
    public const string Production = "Production";
    public const string Sandbox = "Sandbox";

    /// <summary>The app's bundle id.</summary>
    public string BundleId { get; set; } = "";

    /// <summary>The app's id in the App Store, which notifications of Production carry.</summary>
    public long AppId { get; set; }

    /// <summary><c>Production</c> or <c>Sandbox</c>: transactions of the other one are refused.</summary>
    public string Environment { get; set; } = Production;

    /// <summary>The file, PEM or DER, of the one root certificate to believe: Apple Root CA - G3.</summary>
    public string RootCertificate { get; set; } = "";

    /// <summary>A pack's product id in the store is this and the pack's id.</summary>
    public string ProductPrefix { get; set; } = "";

    public AccountNaming AccountNaming { get; set; }

    /// <summary>How Apple's questions about refunds are answered; null leaves them to operators.</summary>
    public AppleServerOptions? Server { get; set; }
}

/// <summary>Access to the App Store Server API.</summary>
public sealed class AppleServerOptions
{
    /// <summary>The file of the private key as App Store Connect gives it out (.p8).</summary>
    public string KeyFile { get; set; } = "";

    public string KeyId { get; set; } = "";
    public string IssuerId { get; set; } = "";

    /// <summary>Whether everybody who buys has agreed that Apple may be told how much of a purchase is spent. Apple takes no answer without it.</summary>
    public bool CustomersConsent { get; set; }

    /// <summary>Where the API is; null for Apple's of the app's environment.</summary>
    public Uri? BaseUrl { get; set; }
}

public sealed class GoogleOptions
{
    /// <summary>The app's package name.</summary>
    public string PackageName { get; set; } = "";

    /// <summary>The service account's key file as Google gives it out (JSON).</summary>
    public string ServiceAccountFile { get; set; } = "";

    /// <summary>Where the publisher API is.</summary>
    public Uri BaseUrl { get; set; } = new("https://androidpublisher.googleapis.com/");

    /// <summary>Where access tokens are given out; null for where the key file says.</summary>
    public Uri? TokenUrl { get; set; }

    /// <summary>A pack's product id in the store is this and the pack's id, with '_' for '-', which Google Play does not allow.</summary>
    public string ProductPrefix { get; set; } = "";

    public AccountNaming AccountNaming { get; set; }

    /// <summary>Whether purchases by license testers count. Never in Production.</summary>
    public bool AllowTestPurchases { get; set; }

    /// <summary>The secret that the push endpoint's address carries as <c>?token=</c>, if pushes are not signed.</summary>
    public string? PushSecret { get; set; }

    /// <summary>The audience of the tokens that signed pushes carry; null if they are not signed.</summary>
    public string? PushAudience { get; set; }

    /// <summary>The service account that signs pushes.</summary>
    public string? PushServiceAccount { get; set; }

    /// <summary>Where the keys are that such tokens are signed with.</summary>
    public Uri PushKeysUrl { get; set; } = new("https://www.googleapis.com/oauth2/v3/certs");
}

public sealed class WebOptions
{
    /// <summary>Secrets that the checkout signs with; more than one while they are changed. The first one is the newest.</summary>
    public string[] Secrets { get; set; } = [];
}

/// <summary>How notifications that cannot be handled are tried again.</summary>
public sealed class NotificationOptions
{
    /// <summary>After the first failure; doubled after each further one.</summary>
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>After so many failures an operator sees it, and it is tried every <see cref="SlowRetry"/>.</summary>
    public int AttemptsBeforeOpen { get; set; } = 8;

    public TimeSpan SlowRetry { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long after its claim a payment is looked at again: that the coins were given out, and that the channel knows.</summary>
    public TimeSpan CompleteAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A payment that was announced or claimed and has not become coins by then is shown to operators.</summary>
    public TimeSpan PatienceWithApps { get; set; } = TimeSpan.FromHours(1);
}
