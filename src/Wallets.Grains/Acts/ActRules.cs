using System.Text.Json;
using Wallets.Grains.Accounts;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Acts;

/// <summary>Where an act stands by its steps.</summary>
internal static class ActSteps
{
    public const string Approved = "approved";

    public static string StatusOf(IReadOnlyList<ActStep> steps, GrainsOptions options)
    {
        var done = steps.Select(step => step.Step).ToHashSet();
        if (done.Contains(ActView.Applied)) return ActView.Applied;
        if (done.Contains(ActView.Refused)) return ActView.Refused;
        if (done.Contains(ActView.Rejected)) return ActView.Rejected;
        return ActRules.NeedsApproval(steps[0].Order!, options.Approvals) && !done.Contains(Approved) ? ActView.AwaitingApproval : ActView.Asked;
    }
}

/// <summary>What an operator may ask for. Pure.</summary>
internal static class ActRules
{
    public const string ReasonRule = "Give a reason of 1 to 500 characters.";
    private const int MaxReason = 500;
    private const long MaxAmount = 1_000_000_000_000;
    private const int MaxBonusDays = 3_650;

    public static bool IsReason(string? reason) => reason?.Trim().Length is > 0 and <= MaxReason && !reason.Any(char.IsControl);

    /// <summary>Fields of arrays too are compared by what they say.</summary>
    public static bool SaySame(ActOrder one, ActOrder other) => JsonSerializer.Serialize(one) == JsonSerializer.Serialize(other);

    public static bool NeedsApproval(ActOrder order, ApprovalOptions approvals) => order.Kind switch
    {
        ActKinds.AdjustCoins => Math.Abs(order.Amount!.Value) > approvals.AboveCoins,
        ActKinds.AdjustDiamonds => Math.Abs(order.Amount!.Value) > approvals.AboveDiamonds,
        ActKinds.OpenCampaign => order.Campaign!.Budget.Value > approvals.AboveCoins,
        ActKinds.PublishRates => approvals.Rates,
        _ => false,
    };

    /// <summary>Why it cannot be asked for, or null.</summary>
    public static Refusal? Check(ActOrder order, GrainsOptions options, RateCard[] versions, DateTimeOffset now)
    {
        if (!IsReason(order.Reason)) return Invalid(ReasonRule);
        if (!Identifier.IsValid(order.Subject)) return Invalid("The subject is not a valid id.");
        return order.Kind switch
        {
            ActKinds.AdjustCoins or ActKinds.AdjustDiamonds => order.Amount is { } amount && amount != 0 && Math.Abs(amount) <= MaxAmount ? null : Invalid($"The amount must be within ±{MaxAmount} and not zero."),
            ActKinds.SetStanding => Standing.IsKnown(order.Standing) ? null : Invalid("The standing must be good, flagged or frozen."),
            ActKinds.Refund => order is { Purchase: not null, BasisPoints: > 0 and <= RefundDecisions.WholeBasisPoints } ? null : Invalid("Name the purchase, and basis points from 1 to 10,000."),
            ActKinds.PublishRates => CheckRates(order.Rates, options, versions, now),
            ActKinds.PutPack => CheckPack(order.Pack, order.Subject),
            ActKinds.PutGift => order.From <= now ? Invalid("A version of the catalogue is not back-dated; leave out from for at once.") : CheckGift(order.Gift, order.Subject),
            ActKinds.OpenCampaign => CheckCampaign(order.Campaign, order.Subject, now),
            ActKinds.RebuildRecognition => null,
            _ => Invalid($"There is no act of kind '{order.Kind}'."),
        };
    }

    /// <summary>A new version follows the last one and takes effect after the notice, never back-dated.</summary>
    private static Refusal? CheckRates(RateCard? rates, GrainsOptions options, RateCard[] versions, DateTimeOffset now)
    {
        if (rates is null) return Invalid("Give the rate card.");
        if (rates.Version != versions[^1].Version + 1) return Invalid($"The next version is {versions[^1].Version + 1}.");
        var earliest = now + options.RateNotice;
        if (rates.EffectiveFrom < earliest) return Invalid($"A rate card takes effect {options.RateNotice.TotalDays:0.##} days after it is published at the earliest: from {earliest:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        if (rates.EffectiveFrom < versions[^1].EffectiveFrom) return Invalid("It would take effect before the version it follows.");
        if (rates.CoinToDiamond is not { Diamonds: > 0 and <= 1_000_000, Coins: > 0 and <= 1_000_000 }) return Invalid("The ratio's parts must be from 1 to 1,000,000.");
        if (!IsPrice(rates.DiamondValue)) return Invalid("A diamond's value is an amount above zero in a currency of three capital letters.");
        var fees = rates.ChannelFees;
        return fees.Length <= 50 && fees.All(fee => Identifier.IsValid(fee.Channel) && fee.BasisPoints is >= 0 and <= 10_000) && fees.DistinctBy(fee => fee.Channel).Count() == fees.Length
            ? null
            : Invalid("Channel fees are from 0 to 10,000 basis points, one a channel.");
    }

    private static Refusal? CheckPack(CoinPack? pack, string subject) =>
        pack is not null && pack.Id == subject && pack.Coins.Value is > 0 and <= MaxAmount && pack.BonusCoins.Value is >= 0 and <= MaxAmount && IsPrice(pack.Price)
            && pack.Channels.Length <= 20 && pack.Channels.All(Identifier.IsValid) && pack.BonusDays is null or (> 0 and <= MaxBonusDays)
            ? null
            : Invalid($"A pack has its subject's id, coins above zero, no negative bonus, a price, at most 20 channels, and bonus days from 1 to {MaxBonusDays} or none.");

    private static Refusal? CheckGift(Gift? gift, string subject) =>
        gift is not null && gift.Id == subject && gift.Name.Length is > 0 and <= 100 && Gift.Categories.Contains(gift.Category) && gift.Price.Value is > 0 and <= MaxAmount
            && (gift.Tier is null || Gift.Tiers.Contains(gift.Tier)) && !(gift.Until <= gift.From) && gift.MinLevel is null or (>= 1 and <= Levels.Highest)
            && (gift.Regions is null || (gift.Regions.Length is > 0 and <= 250 && gift.Regions.All(Caller.IsRegion)))
            ? null
            : Invalid($"A gift has its subject's id, a name of 1 to 100 characters, a category ({string.Join(", ", Gift.Categories)}) and a price above zero; if it has them, a tier ({string.Join(", ", Gift.Tiers)}), a window that opens before it closes, a level from 1 to {Levels.Highest}, and regions of two capital letters.");

    private static Refusal? CheckCampaign(Campaign? campaign, string subject, DateTimeOffset now) =>
        campaign is not null && campaign.Id == subject && campaign.CoinsEach.Value > 0 && campaign.Budget.Value >= campaign.CoinsEach.Value && campaign.Budget.Value <= MaxAmount
            && campaign.EndsAt > now && campaign.BonusDays is null or (> 0 and <= MaxBonusDays)
            ? null
            : Invalid($"A campaign has its subject's id, coins for each above zero, a budget not below that, an end to come, and bonus days from 1 to {MaxBonusDays} or none.");

    private static bool IsPrice(Money money) => money.AmountMinor is > 0 and <= MaxAmount && money.Currency is { Length: 3 } currency && currency.All(char.IsAsciiLetterUpper);

    private static Refusal Invalid(string detail) => new(Refusal.InvalidAct, detail);
}
