using System.Net;
using Npgsql;
using Wallets.Grains;
using Wallets.Grains.Payments;
using Wallets.Ledger;

namespace Wallets.Server.Hosting;

internal enum Role
{
    /// <summary>Silo, gateway and pages in one process.</summary>
    All,
    Silo,
    Gateway,
}

internal enum Database
{
    Sqlite,
    Postgres,
}

/// <summary>Something in the configuration stops the start; the message is one line that says what to set.</summary>
internal sealed class BadConfigurationException(string message) : Exception(message);

/// <summary>Section <c>Wallets</c> and the connection strings, read and checked once, before anything starts.</summary>
internal sealed class Settings
{
    public Role Role { get; set; } = Role.All;
    public Database Database { get; set; } = Database.Sqlite;

    /// <summary>For SQLite's files and Development's signing key; relative to the working directory.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>Silos and gateways with the same id and database form one cluster.</summary>
    public string ClusterId { get; set; } = "wallets";

    public int SiloPort { get; set; } = 11111;
    public int GatewayPort { get; set; } = 30000;

    /// <summary>The address under which other silos and gateways reach this one.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>The database role of gateways, which migrations let see the membership tables.</summary>
    public string GatewayDatabaseRole { get; set; } = "wallets_gateway";

    public TimeSpan Hold { get; set; } = TimeSpan.FromDays(7);
    public TimeSpan SettlementGrace { get; set; } = TimeSpan.FromSeconds(2);
    public LimitOptions Limits { get; set; } = new();
    public PayoutOptions Payouts { get; set; } = new();
    public RefundOptions Refunds { get; set; } = new();
    public ApprovalOptions Approvals { get; set; } = new();
    public MatchOptions Matches { get; set; } = new();
    public TimeSpan RateNotice { get; set; } = TimeSpan.FromDays(14);
    public PayoutProviderSettings PayoutProvider { get; set; } = new();
    public ChannelOptions Channels { get; set; } = new();
    public LedgerWriterOptions Ledger { get; set; } = new();

    /// <summary>Batches that a silo commits side by side on PostgreSQL.</summary>
    public int Writers { get; set; } = 2;

    public AuthSettings Auth { get; set; } = new();

    internal bool IsDevelopment { get; private set; }
    internal string? ConnectionString { get; private set; }
    internal string? OwnerConnectionString { get; private set; }

    internal bool HasSilo => Role is Role.All or Role.Silo;
    internal bool HasApi => Role is Role.All or Role.Gateway;
    internal string LedgerFile => Path.Combine(DataDirectory, "ledger.db");
    internal string StateFile => Path.Combine(DataDirectory, "state.db");

    public static Settings Read(IConfiguration configuration, IHostEnvironment environment)
    {
        Settings settings;
        try
        {
            settings = configuration.GetSection("Wallets").Get<Settings>(options => options.ErrorOnUnknownConfiguration = true) ?? new Settings();
        }
        catch (InvalidOperationException fault)
        {
            throw new BadConfigurationException($"Section Wallets cannot be read: {(fault.InnerException ?? fault).Message} {(fault.InnerException is null ? "" : fault.Message)}".ReplaceLineEndings(" ").Trim());
        }
        settings.IsDevelopment = environment.IsDevelopment();
        settings.ConnectionString = configuration.GetConnectionString("Wallets");
        settings.OwnerConnectionString = configuration.GetConnectionString("WalletsOwner");
        settings.Check();
        if (settings.HasSilo) ChannelSettings.Check(settings.Channels, environment.IsProduction());
        return settings;
    }

    private void Check()
    {
        if (Database == Database.Sqlite && Role != Role.All)
            throw new BadConfigurationException($"Role {Role} needs Wallets:Database=postgres: SQLite serves one process.");
        if (Hold < TimeSpan.Zero || Hold > TimeSpan.FromDays(Wallets.Ledger.Accounts.EarningsState.LongestHoldDays))
            throw new BadConfigurationException($"Set Wallets:Hold to between 0 and {Wallets.Ledger.Accounts.EarningsState.LongestHoldDays} days, as d.hh:mm:ss.");
        if (SettlementGrace < TimeSpan.Zero || SettlementGrace > TimeSpan.FromMinutes(1))
            throw new BadConfigurationException("Set Wallets:SettlementGrace to between 0 and one minute.");
        if (Limits.CoinsPerDay <= 0 || Limits.CoinsPerWeek <= 0)
            throw new BadConfigurationException("Set Wallets:Limits:CoinsPerDay and CoinsPerWeek above zero.");
        if (Payouts.MinimumDiamonds <= 0 || Payouts.MaximumDiamondsPerDay < Payouts.MinimumDiamonds)
            throw new BadConfigurationException("Set Wallets:Payouts:MinimumDiamonds above zero and MaximumDiamondsPerDay not below it.");
        if (Refunds.MostDiamondsOwed < 0 || Refunds.FlaggedHoldDays is < 0 or > 365)
            throw new BadConfigurationException("Set Wallets:Refunds:MostDiamondsOwed not below zero, and FlaggedHoldDays to 0 to 365.");
        if (Approvals.AboveCoins < 0 || Approvals.AboveDiamonds < 0 || RateNotice < TimeSpan.Zero || RateNotice > TimeSpan.FromDays(365))
            throw new BadConfigurationException("Set Wallets:Approvals' AboveCoins and AboveDiamonds not below zero, and Wallets:RateNotice to between 0 and 365 days.");
        if (new[] { Matches.Length, Matches.InvitationTerm, Matches.LongestPause }.Any(term => term <= TimeSpan.Zero || term > TimeSpan.FromHours(1)) || Matches.Countdown < TimeSpan.Zero || Matches.Countdown > TimeSpan.FromMinutes(1))
            throw new BadConfigurationException("Set Wallets:Matches' Length, InvitationTerm and LongestPause above zero and to an hour at most, and Countdown to between 0 and one minute.");
        if (Writers is < 1 or > 16 || Ledger.QueueLimit < 1 || Ledger.MaxBatch < 1 || Ledger.GiveUpAfter <= TimeSpan.Zero || Ledger.BetweenFlushes < TimeSpan.Zero || Ledger.BetweenFlushes > TimeSpan.FromMilliseconds(100) || Ledger.BetweenFlushes >= Ledger.GiveUpAfter)
            throw new BadConfigurationException("Set Wallets:Writers to 1 to 16, Wallets:Ledger's QueueLimit, MaxBatch and GiveUpAfter above zero, and its BetweenFlushes to between 0 and 100 ms, below GiveUpAfter.");
        foreach (var (name, port) in (ReadOnlySpan<(string, int)>)[("SiloPort", SiloPort), ("GatewayPort", GatewayPort)])
            if (port is < 1 or > 65535) throw new BadConfigurationException($"Set Wallets:{name} to a port.");
        if (!IPAddress.TryParse(AdvertisedAddress, out _))
            throw new BadConfigurationException("Set Wallets:AdvertisedAddress to the IP address of this machine.");
        PayoutProvider.Check(Payouts);
        Auth.Check(IsDevelopment);
    }

    /// <summary>The application's connection string, for roles that use PostgreSQL.</summary>
    internal string RequireConnectionString() => RequireConnectionString(ConnectionString, "Wallets");

    internal string RequireOwnerConnectionString() => RequireConnectionString(OwnerConnectionString, "WalletsOwner");

    private static string RequireConnectionString(string? value, string name)
    {
        if (string.IsNullOrWhiteSpace(value)) throw new BadConfigurationException($"Set ConnectionStrings:{name} to the PostgreSQL database.");
        try
        {
            return new NpgsqlConnectionStringBuilder(value).ToString();
        }
        catch (ArgumentException)
        {
            throw new BadConfigurationException($"ConnectionStrings:{name} is not a PostgreSQL connection string.");   // and is not shown: it may hold a password
        }
    }
}

/// <summary>Who issues the tokens that are believed.</summary>
internal sealed class AuthSettings
{
    public const string DevIssuer = "wallets-development";
    private const int MinKeyBytes = 32;

    /// <summary>The issuer of tokens; its keys are fetched from it unless <see cref="SigningKey"/> is set.</summary>
    public string? Issuer { get; set; }

    public string Audience { get; set; } = "wallets";

    /// <summary>A shared key, base64 of at least 32 bytes, for an issuer that signs with HMAC.</summary>
    public string? SigningKey { get; set; }

    internal void Check(bool isDevelopment)
    {
        if (SigningKey is not null && (!TryReadKey(SigningKey, out var key) || key.Length < MinKeyBytes))
            throw new BadConfigurationException($"Set Wallets:Auth:SigningKey to base64 of at least {MinKeyBytes} bytes.");
        if (isDevelopment) return;
        if (string.IsNullOrWhiteSpace(Issuer))
            throw new BadConfigurationException("Set Wallets:Auth:Issuer to the issuer of the tokens to believe (or ASPNETCORE_ENVIRONMENT=Development to try things out).");
        if (Issuer == DevIssuer)
            throw new BadConfigurationException($"Set Wallets:Auth:Issuer to something else than '{DevIssuer}' outside Development.");
        if (SigningKey is null && !(Uri.TryCreate(Issuer, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps))
            throw new BadConfigurationException("Set Wallets:Auth:Issuer to an https address, or Wallets:Auth:SigningKey.");
    }

    internal static bool TryReadKey(string text, out byte[] key)
    {
        key = new byte[text.Length];
        var isKey = Convert.TryFromBase64String(text, key, out var length);
        key = key[..length];
        return isKey;
    }
}
