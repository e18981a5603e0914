namespace Wallets.Grains.Publishing;

/// <summary>What a sender is besides the wallet. The default is nobody in particular.</summary>
/// <param name="Region">Where from, as the token says, if it does.</param>
/// <param name="IsFan">Whether a member of the receiving creator's fan club.</param>
internal readonly record struct GiftSender(string? Region, bool IsFan);

/// <summary>Who may send what, and when. Pure.</summary>
internal static class GiftRules
{
    /// <summary>Every reason why not.</summary>
    public static IEnumerable<Refusal> Locks(Gift gift, int level, GiftSender sender, DateTimeOffset now)
    {
        if (gift.From > now) yield return new(Refusal.GiftNotAvailable, $"{gift.Name} can be sent from {gift.From:u} on.");
        if (gift.Until + CatalogVersion.Grace <= now) yield return new(Refusal.GiftNotAvailable, $"{gift.Name} could be sent until {gift.Until:u}.");
        if (gift.Regions is { } regions && (sender.Region is null || !regions.Contains(sender.Region))) yield return new(Refusal.GiftNotInRegion, $"{gift.Name} cannot be sent from this region.");
        if (gift.MinLevel > level) yield return new(Refusal.LevelTooLow, $"{gift.Name} takes level {gift.MinLevel}; this wallet has level {level}.");
        if (gift.FansOnly && !sender.IsFan) yield return new(Refusal.FansOnly, $"{gift.Name} is for members of the creator's fan club, which takes {Levels.CoinsForFan(1)} coins sent to the creator.");
    }

    /// <summary>The first reason why not, or null. Costs nothing for a gift that everybody may send.</summary>
    public static Refusal? Refuse(Gift gift, long lifetimeCoins, GiftSender sender, DateTimeOffset now) =>
        gift is { From: null, Until: null, Regions: null, MinLevel: null, FansOnly: false } ? null : Locks(gift, Levels.Of(lifetimeCoins), sender, now).FirstOrDefault();
}
