using Orleans.Concurrency;

namespace Wallets;

/// <summary>A viewer's coins. The grain's key is the user id. Calls that move value are idempotent by their key.</summary>
[Alias("wallet")]
public interface IWalletGrain : IGrainWithStringKey
{
    /// <summary>
    /// Debits the gift's price; the creator's diamonds follow by themselves.
    /// Throws <see cref="UnavailableException"/> (nothing written) or <see cref="OutcomeUnknownException"/>.
    /// </summary>
    [Alias("send-gift")] Task<Outcome<GiftReceipt>> SendGift(Caller caller, GiftOrder order);

    /// <summary>
    /// Charges what a streak's running total exceeds what has been charged for it; the answer is the streak as it stands.
    /// Throws <see cref="UnavailableException"/> (nothing written) or <see cref="OutcomeUnknownException"/>.
    /// </summary>
    [Alias("send-streak")] Task<Outcome<Streak>> SendStreak(Caller caller, StreakOrder order);

    /// <summary>A streak as it stands.</summary>
    [AlwaysInterleave, Alias("streak")] Task<Outcome<Streak>> GetStreak(Caller caller, Guid streakId);

    /// <summary>The gifts of the catalogue, and for each why this viewer may not send it, to <paramref name="creatorId"/> if one is named.</summary>
    [AlwaysInterleave, Alias("offers")] Task<Outcome<Page<GiftOffer>>> GetOffers(Caller caller, string? creatorId);

    /// <summary>The wallet's gifter level.</summary>
    [AlwaysInterleave, Alias("level")] Task<Outcome<LevelView>> GetLevel(Caller caller);

    [AlwaysInterleave, Alias("balance")] Task<Outcome<WalletBalance>> GetBalance(Caller caller);

    /// <summary>The receipt of a gift, with its present status.</summary>
    [AlwaysInterleave, Alias("gift")] Task<Outcome<GiftReceipt>> GetGift(Caller caller, Guid key);

    /// <summary>Statement lines after <paramref name="afterSeq"/>, at most <paramref name="limit"/>.</summary>
    [AlwaysInterleave, Alias("statement")] Task<Outcome<Page<StatementLine>>> GetStatement(Caller caller, long afterSeq, int limit);
}

/// <summary>A viewer's buying of coins. The grain's key is the user id.</summary>
[Alias("purchase")]
public interface IPurchaseGrain : IGrainWithStringKey
{
    /// <summary>
    /// Mints the coins of a pack for a verified proof of payment; a proof counts once, for one user. Gifts do not wait while a store is asked.
    /// Throws <see cref="UnavailableException"/> (nothing written) or <see cref="OutcomeUnknownException"/>.
    /// </summary>
    [Alias("purchase")] Task<Outcome<Purchase>> Purchase(Caller caller, PurchaseOrder order);
}

/// <param name="Key">The caller's idempotency key, a UUID; version 7 preferred.</param>
/// <param name="Quantity">Pieces, 1 to 9,999.</param>
/// <param name="Price">
/// The price of one piece that the viewer was shown, which is charged if it holds now or did within the last minute; null for the present one.
/// </param>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("gift-order")]
public sealed record GiftOrder(Guid Key, Guid StreamId, string GiftId, int Quantity, Coins? Price = null)
{
    public const int MaxQuantity = 9_999;
}

/// <param name="Key">The caller's idempotency key.</param>
/// <param name="Channel">Where it was paid: <c>apple</c>, <c>google</c>, <c>web</c>, or <c>dev</c> (Development only), as far as they are open.</param>
/// <param name="Proof">What the channel gave as proof of payment: a signed transaction, a purchase token, a signed event.</param>
[GenerateSerializer, Immutable, Alias("purchase-order")]
public sealed record PurchaseOrder(Guid Key, string PackId, string Channel, string Proof);

/// <param name="PurchaseId">The key under which the purchase was recorded.</param>
/// <param name="Price">What was paid: the pack's price, times the packs that the store sold at once.</param>
/// <param name="Coins">The coins minted, bonus included.</param>
/// <param name="Balance">The wallet's coins right after.</param>
[GenerateSerializer, Immutable, Alias("purchase-receipt")]
public sealed record Purchase(Guid PurchaseId, string UserId, string PackId, string Channel, Money Price, Coins Coins, Coins Balance, DateTimeOffset CommittedAt);

/// <param name="Status"><c>committed</c>: the coins are spent; <c>settled</c>: the diamonds are in the creator's earnings.</param>
/// <param name="Balance">The wallet's coins right after this gift.</param>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("gift-receipt")]
public sealed record GiftReceipt(
    Guid Key,
    string UserId,
    string CreatorId,
    Guid StreamId,
    string GiftId,
    int Quantity,
    Coins Coins,
    Diamonds Diamonds,
    int RateVersion,
    string Status,
    Coins Balance,
    DateTimeOffset CommittedAt)
{
    public const string Committed = "committed";
    public const string Settled = "settled";
}

/// <param name="SpentToday">Coins sent since midnight UTC.</param>
/// <param name="SpentThisWeek">Coins sent today and on the six days before.</param>
/// <param name="Standing"><c>good</c>, <c>flagged</c> (its gifts are held longer) or <c>frozen</c> (nothing can be spent).</param>
/// <param name="Lots">
/// What the coins are made of. Bonus coins are spent first, the earliest-expiring ones before others; then paid coins in this order.
/// </param>
[GenerateSerializer, Immutable, Alias("wallet-balance")]
public sealed record WalletBalance(string UserId, Coins Coins, Coins LifetimeSpent, Coins SpentToday, Coins SpentThisWeek, string Standing, LotBalance[] Lots);

/// <param name="PurchaseId">The purchase, promotion or correction that the coins came by.</param>
/// <param name="Channel">Where they were paid; <c>promotion</c> or <c>adjustment</c> if they were given.</param>
/// <param name="ExpiresAt">When its bonus coins expire; null for never.</param>
[GenerateSerializer, Immutable, Alias("lot-balance")]
public sealed record LotBalance(Guid PurchaseId, string Channel, Coins Paid, Coins Bonus, DateTimeOffset? ExpiresAt);

/// <param name="Level">1 to 50: <see cref="Levels"/>.</param>
/// <param name="Coins">Sent in the wallet's life, less those of gifts refunded.</param>
/// <param name="NextLevelAt">The coins that the next level takes; null at the highest.</param>
[GenerateSerializer, Immutable, Alias("level-view")]
public sealed record LevelView(string UserId, int Level, string Badge, Coins Coins, Coins? NextLevelAt);
