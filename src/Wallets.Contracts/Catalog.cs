namespace Wallets;

/// <summary>Something that can be sent. <see cref="Price"/> is for one piece.</summary>
[GenerateSerializer, Immutable, Alias("gift")]
public sealed record Gift(string Id, string Name, string Category, Coins Price);

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

    [Alias("gifts")] Task<Gift[]> GetGifts();
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
