namespace Wallets;

/// <summary>Something that can be sent. <see cref="Price"/> is for one piece. What is null or false restricts nothing.</summary>
/// <param name="Category"><c>emoji</c>, <c>sticker</c> or <c>animation</c>.</param>
/// <param name="Tier">How large an animation is shown: <c>small</c>, <c>large</c> or <c>full</c> (the whole screen).</param>
/// <param name="From">When its window opens.</param>
/// <param name="Until">When its window closes; what was on its way by then is taken for another <see cref="CatalogVersion.Grace"/>.</param>
/// <param name="MinLevel">The level that a sender needs: <see cref="Levels"/>.</param>
/// <param name="FansOnly">Whether only members of the receiving creator's fan club may send it.</param>
/// <param name="Regions">The only regions it may be sent from, ISO 3166-1 alpha-2; a sender whose region is not known is in none.</param>
[GenerateSerializer, Immutable, Alias("gift")]
public sealed record Gift(
    string Id,
    string Name,
    string Category,
    Coins Price,
    string? Tier = null,
    DateTimeOffset? From = null,
    DateTimeOffset? Until = null,
    int? MinLevel = null,
    bool FansOnly = false,
    string[]? Regions = null)
{
    public static readonly string[] Categories = ["emoji", "sticker", "animation"];
    public static readonly string[] Tiers = ["small", "large", "full"];
}

/// <summary>The gifts from a time on, until the next version's. A published version never changes.</summary>
/// <param name="Version">1, 2, 3 …</param>
/// <param name="EffectiveFrom">From when it is what can be sent; may lie ahead.</param>
/// <param name="Act">The act that published it; null for the first.</param>
[GenerateSerializer, Immutable, Alias("catalog-version")]
public sealed record CatalogVersion(int Version, DateTimeOffset EffectiveFrom, Gift[] Gifts, Guid? Act)
{
    /// <summary>For how long after it has changed a price that somebody was shown is kept.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);
}

/// <summary>A gift as one caller may send it.</summary>
/// <param name="Locked">Why not, as the codes that sending it would be refused with; empty if nothing but coins is needed.</param>
[GenerateSerializer, Immutable, Alias("gift-offer")]
public sealed record GiftOffer(Gift Gift, string[] Locked);

/// <summary>
/// Coins for money. <see cref="Coins"/> are paid coins, <see cref="BonusCoins"/> come on top.
/// <see cref="Channels"/> are the ways of paying that sell this pack; a pack without any is no longer sold.
/// </summary>
/// <param name="BonusDays">Days after which the bonus coins expire; null for never.</param>
[GenerateSerializer, Immutable, Alias("coin-pack")]
public sealed record CoinPack(string Id, Coins Coins, Coins BonusCoins, Money Price, string[] Channels, int? BonusDays = null);

/// <summary>
/// The published terms: how coins become diamonds, what a diamond pays, what each channel keeps of a purchase.
/// A version never changes once published; every gift records the version it was priced by.
/// </summary>
/// <param name="Version">1, 2, 3 …</param>
/// <param name="EffectiveFrom">From when gifts use this version.</param>
/// <param name="CoinToDiamond">The creator's share of a gift's price.</param>
/// <param name="DiamondValue">What one diamond pays out.</param>
/// <param name="ChannelFees">What the store or checkout keeps of a purchase's price.</param>
[GenerateSerializer, Immutable, Alias("rate-card")]
public sealed record RateCard(int Version, DateTimeOffset EffectiveFrom, Ratio CoinToDiamond, Money DiamondValue, ChannelFee[] ChannelFees)
{
    /// <summary>
    /// The diamonds a gift of <paramref name="coins"/> earns: coins × ratio, rounded half up, so in the creator's favour,
    /// and never less than one.
    /// </summary>
    public Diamonds DiamondsFor(Coins coins) =>
        new(Math.Max(1, checked((2 * coins.Value * CoinToDiamond.Diamonds + CoinToDiamond.Coins) / (2 * CoinToDiamond.Coins))));
}

/// <summary><see cref="Diamonds"/> are earned for <see cref="Coins"/> spent; both positive.</summary>
[GenerateSerializer, Immutable, Alias("ratio")]
public sealed record Ratio(long Diamonds, long Coins);

/// <summary>A fee in hundredths of a percent of the price: 3000 is 30 %.</summary>
[GenerateSerializer, Immutable, Alias("channel-fee")]
public sealed record ChannelFee(string Channel, int BasisPoints);

/// <summary>What is for sale and what can be sent. Key: <see cref="Key"/>.</summary>
[Alias("catalog")]
public interface ICatalogGrain : IGrainWithStringKey
{
    const string Key = "catalog";

    /// <summary>The gifts of the version in effect.</summary>
    [Alias("gifts")] Task<Gift[]> GetGifts();

    /// <summary>The versions in effect and ahead, and the latest before them, oldest first.</summary>
    [Alias("versions")] Task<CatalogVersion[]> GetVersions();
    [Alias("packs")] Task<CoinPack[]> GetPacks();
}

/// <summary>All published rate cards. Key: <see cref="Key"/>.</summary>
[Alias("rates")]
public interface IRateCardGrain : IGrainWithStringKey
{
    const string Key = "rates";

    /// <summary>Every version, oldest first.</summary>
    [Alias("versions")] Task<RateCard[]> GetVersions();
}
