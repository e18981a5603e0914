using Wallets.Grains.Payments;

namespace Wallets.Grains;

/// <summary>The rules that an operator sets, section <c>Wallets</c>.</summary>
public sealed class GrainsOptions
{
    /// <summary>How long diamonds stay pending before they can be cashed out; 0 to 90 days.</summary>
    public TimeSpan Hold { get; set; } = TimeSpan.FromDays(7);

    public LimitOptions Limits { get; set; } = new();
    public PayoutOptions Payouts { get; set; } = new();
    public RefundOptions Refunds { get; set; } = new();
    public ApprovalOptions Approvals { get; set; } = new();
    public ChannelOptions Channels { get; set; } = new();
    public NotificationOptions Notifications { get; set; } = new();

    /// <summary>How long before it takes effect a rate card must be published.</summary>
    public TimeSpan RateNotice { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How old an unsettled gift must be before it is delivered again.</summary>
    public TimeSpan SettlementGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a creator whose account takes no credits is tried again.</summary>
    public TimeSpan SetAsideInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether channel <c>dev</c> takes any proof <c>dev:…</c> as paid. Never true in Production.</summary>
    public bool AllowDevPayments { get; set; }
}

/// <summary>What one wallet may send, in coins. The defaults are about $500 a day and $2,000 a week at web prices.</summary>
public sealed class LimitOptions
{
    public long CoinsPerDay { get; set; } = 50_000;
    public long CoinsPerWeek { get; set; } = 200_000;
}

/// <summary>What refunds mean for payers and creators.</summary>
public sealed class RefundOptions
{
    /// <summary>How many diamonds a creator may come to owe by refunds; beyond it the platform bears them.</summary>
    public long MostDiamondsOwed { get; set; } = 100_000;

    /// <summary>Days that a flagged payer's gifts are held beyond the published hold.</summary>
    public int FlaggedHoldDays { get; set; } = 23;
}

/// <summary>Above what an operator's act waits for a second operator.</summary>
public sealed class ApprovalOptions
{
    /// <summary>Adjustments of a wallet and budgets of campaigns, in coins.</summary>
    public long AboveCoins { get; set; } = 10_000;

    /// <summary>Adjustments of earnings, in diamonds.</summary>
    public long AboveDiamonds { get; set; } = 5_000;

    /// <summary>Whether every new rate card does.</summary>
    public bool Rates { get; set; } = true;
}

/// <summary>Bounds of payouts, in diamonds. The defaults are $50 at least and $1,000 a day at one cent a diamond.</summary>
public sealed class PayoutOptions
{
    public long MinimumDiamonds { get; set; } = 5_000;
    public long MaximumDiamondsPerDay { get; set; } = 100_000;
}
