namespace Wallets;

/// <summary>
/// Leaderboards, galleries and fan clubs: derived from committed gifts and corrected by refunds, seconds behind them. A viewer who
/// gives anonymously has no name here (null), but counts. Key: <see cref="Key"/>.
/// </summary>
[Alias("recognition")]
public interface IRecognitionGrain : IGrainWithStringKey
{
    const string Key = "recognition";

    /// <summary>The last place of a board that is shown.</summary>
    const int LowestRank = 1_000;

    /// <param name="period"><c>day</c>, <c>week</c> (from Monday) or <c>all</c>, of UTC.</param>
    /// <param name="order"><c>coins</c> or <c>supporters</c>.</param>
    /// <param name="afterRank">The last place of the page before; 0 for the first.</param>
    [Alias("creators")] Task<Outcome<Board<CreatorPlace>>> GetCreators(string period, string order, long afterRank, int limit);

    /// <summary>The viewers of this week.</summary>
    /// <param name="order"><c>coins</c> or <c>creators</c>.</param>
    [Alias("viewers")] Task<Outcome<Board<ViewerPlace>>> GetViewers(string order, long afterRank, int limit);

    /// <summary>What a creator has collected, most coins first.</summary>
    [Alias("creators-gallery")] Task<Outcome<Page<Collected>>> GetCreatorsGallery(string creatorId);

    /// <summary>What a viewer has sent; of an anonymous viewer for themselves only.</summary>
    [Alias("viewers-gallery")] Task<Outcome<Page<SentGifts>>> GetViewersGallery(Caller caller, string userId);

    [Alias("fans")] Task<Outcome<FanClub>> GetFans(string creatorId, long afterRank, int limit);

    /// <summary>For the viewer, the creator and operators.</summary>
    [Alias("membership")] Task<Outcome<Membership>> GetMembership(Caller caller, string creatorId, string userId);

    /// <summary>Whether a viewer gives anonymously. For the viewer.</summary>
    [Alias("get-anonymous")] Task<Outcome<Anonymity>> GetAnonymous(Caller caller, string userId);

    /// <summary>Holds for what is shown from now on, in streams too, and of earlier gifts too; takes a few seconds to show everywhere.</summary>
    [Alias("set-anonymous")] Task<Outcome<Anonymity>> SetAnonymous(Caller caller, string userId, bool anonymous);
}

/// <param name="AsOf">Gifts committed before this time are counted.</param>
[GenerateSerializer, Immutable, Alias("board`1")]
public sealed record Board<T>(string Period, string Order, DateTimeOffset AsOf, T[] Items, string? Next);

/// <param name="Supporters">How many viewers sent them.</param>
[GenerateSerializer, Immutable, Alias("creator-place")]
public sealed record CreatorPlace(long Rank, string CreatorId, Coins Coins, long Supporters);

/// <param name="Creators">How many creators they went to.</param>
[GenerateSerializer, Immutable, Alias("viewer-place")]
public sealed record ViewerPlace(long Rank, string? UserId, Coins Coins, long Creators);

/// <param name="Pieces">Gifts of one kind that were sent and not refunded.</param>
/// <param name="FirstGiver">Who sent it first, of those whose gifts stand.</param>
/// <param name="TopGiver">Who sent the most coins of it.</param>
[GenerateSerializer, Immutable, Alias("collected")]
public sealed record Collected(string GiftId, long Pieces, Coins Coins, long Givers, string? FirstGiver, DateTimeOffset FirstAt, string? TopGiver, long TopPieces);

[GenerateSerializer, Immutable, Alias("sent-gifts")]
public sealed record SentGifts(string GiftId, long Pieces, Coins Coins, long Creators, string FirstCreator, DateTimeOffset FirstAt, string TopCreator);

/// <param name="Members">Everybody who has sent the creator the coins of <see cref="Levels.CoinsForFan"/> 1.</param>
[GenerateSerializer, Immutable, Alias("fan-club")]
public sealed record FanClub(string CreatorId, long Members, Fan[] Items, string? Next);

[GenerateSerializer, Immutable, Alias("fan")]
public sealed record Fan(long Rank, string? UserId, int Level, Coins Coins);

/// <param name="Level">0 for no member.</param>
/// <param name="NextLevelAt">The coins that the next level takes; null at the highest.</param>
[GenerateSerializer, Immutable, Alias("membership")]
public sealed record Membership(string CreatorId, string UserId, int Level, Coins Coins, Coins? NextLevelAt);

[GenerateSerializer, Immutable, Alias("anonymity")]
public sealed record Anonymity(string UserId, bool Anonymous);
