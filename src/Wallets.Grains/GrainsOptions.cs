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
    public MatchOptions Matches { get; set; } = new();
    public NotificationOptions Notifications { get; set; } = new();

    /// <summary>How long before it takes effect a rate card must be published.</summary>
    public TimeSpan RateNotice { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long after its last charge a streak takes more; then it has ended.</summary>
    public TimeSpan StreakQuietTime { get; set; } = Streak.QuietTime;

    /// <summary>How many streams the list of live ones holds. More can be live: the others come onto it when there is room.</summary>
    public int MostStreamsListed { get; set; } = 10_000;

    /// <summary>Whether a gift is a call of Orleans even to a wallet on the same silo: where calls are traced.</summary>
    public bool GiftsAreCalls { get; set; }

    /// <summary>How old an unsettled gift must be before it is delivered again.</summary>
    public TimeSpan SettlementGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How old it may become while a live silo still has its credit to deliver.</summary>
    public TimeSpan LongestSettlementGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often at least a creator whose account takes no credits is tried again; sooner at first.</summary>
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

/// <summary>How long the parts of a match take.</summary>
public sealed class MatchOptions
{
    public TimeSpan Length { get; set; } = TimeSpan.FromMinutes(5);
    public TimeSpan Countdown { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an invitation can be accepted.</summary>
    public TimeSpan InvitationTerm { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A match that is paused for longer is over, as of when it was paused.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromMinutes(2);
}

/// <summary>How diamonds are paid out. The default bounds are $50 at least and $1,000 a day at one cent a diamond.</summary>
public sealed class PayoutOptions
{
    public long MinimumDiamonds { get; set; } = 5_000;
    public long MaximumDiamondsPerDay { get; set; } = 100_000;

    /// <summary>Whether a creator must be known (identity, tax form, account) before money is paid. Only Development does without.</summary>
    public bool RequireProfile { get; set; } = true;

    /// <summary>By currency: its units for one unit of the rate card's currency, as decimals ("0.92"). Others cannot be paid out in.</summary>
    public Dictionary<string, string> ExchangeRates { get; set; } = [];

    /// <summary>Payouts above this, in the minor unit of the rate card's currency, wait for an operator.</summary>
    public long ApprovalAboveMinor { get; set; } = 50_000;

    /// <summary>Payouts above this wait for two operators, and so does a manual decision about one.</summary>
    public long SecondApprovalAboveMinor { get; set; } = 100_000;

    /// <summary>When the provider is asked again the first time; the pause doubles each time, up to <see cref="AskAtMostEvery"/>.</summary>
    public TimeSpan AskAgainAfter { get; set; } = TimeSpan.FromSeconds(2);

    public TimeSpan AskAtMostEvery { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// How long after telling the provider it is believed when it says that it does not know the payout. Longer than a request may be on
    /// its way.
    /// </summary>
    public TimeSpan ResubmitAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>After this long without an end a payout alerts; it is asked for all the same.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How many payouts are worked on at once.</summary>
    public int AtOnce { get; set; } = 16;
}
