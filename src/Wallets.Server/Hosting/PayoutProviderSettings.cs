using System.Net;
using Wallets.Grains;
using Wallets.Grains.Payouts;

namespace Wallets.Server.Hosting;

/// <summary>Section <c>Wallets:PayoutProvider</c>: who pays, and who says that a creator is known. Without a URL payouts stay reserved.</summary>
internal sealed class PayoutProviderSettings
{
    private const int MinSecretLength = 32;

    public string? Url { get; set; }
    public string? ApiKey { get; set; }

    /// <summary>How long a call may take before its outcome counts as unknown.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The key that the identity provider signs its notifications with; without it they are not taken.</summary>
    public string? WebhookSecret { get; set; }

    internal void Check(PayoutOptions rules)
    {
        if (Url is not null && !(Uri.TryCreate(Url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && IsThisMachine(uri)))))
            throw new BadConfigurationException("Set Wallets:PayoutProvider:Url to an https address (http is for this machine).");
        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromSeconds(20))
            throw new BadConfigurationException("Set Wallets:PayoutProvider:Timeout above zero and to at most 20 s.");
        if (WebhookSecret is { Length: < MinSecretLength })
            throw new BadConfigurationException($"Set Wallets:PayoutProvider:WebhookSecret to at least {MinSecretLength} characters.");
        foreach (var (currency, rate) in rules.ExchangeRates)
            if (!Currencies.IsCode(currency) || !Currencies.TryParseRate(rate, out _))
                throw new BadConfigurationException($"Set Wallets:Payouts:ExchangeRates:{currency} to a decimal above zero, under a currency's code.");
        if (rules.ApprovalAboveMinor < 0 || rules.SecondApprovalAboveMinor < rules.ApprovalAboveMinor)
            throw new BadConfigurationException("Set Wallets:Payouts:ApprovalAboveMinor to zero or more and SecondApprovalAboveMinor not below it.");
        if (rules.AskAgainAfter <= TimeSpan.Zero || rules.AskAtMostEvery < rules.AskAgainAfter || rules.AskAtMostEvery > TimeSpan.FromDays(1))
            throw new BadConfigurationException("Set Wallets:Payouts:AskAgainAfter above zero and AskAtMostEvery not below it, to at most a day.");
        if (rules.ResubmitAfter <= Timeout || rules.Deadline <= TimeSpan.Zero || rules.Deadline > TimeSpan.FromDays(365) || rules.AtOnce is < 1 or > 1_000)
            throw new BadConfigurationException("Set Wallets:Payouts:ResubmitAfter above PayoutProvider:Timeout, Deadline to at most a year, AtOnce to 1 to 1000.");
    }

    private static bool IsThisMachine(Uri uri) => uri.IsLoopback && (uri.HostNameType == UriHostNameType.Dns || IPAddress.TryParse(uri.Host.Trim('[', ']'), out _));
}
