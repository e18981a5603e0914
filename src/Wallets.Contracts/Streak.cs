namespace Wallets;

/// <summary>
/// One message of a streak: the same gift tapped again and again, told as a running total. What has not been charged yet is; so a message
/// that comes twice, late, out of order, or not at all changes nothing but when.
/// </summary>
/// <param name="StreakId">The streak's id, a UUID of the caller's own; of this wallet only.</param>
/// <param name="Total">Pieces since the streak began, this message's included; 1 to 9,999.</param>
/// <param name="Ends">Whether the viewer is done. May be left out: a quiet streak ends by itself.</param>
/// <param name="Price">The price of one piece that the viewer was shown, for what this message charges; as in <see cref="GiftOrder"/>.</param>
[GenerateSerializer, Immutable, Alias("streak-order")]
public sealed record StreakOrder(Guid StreakId, Guid StreamId, string GiftId, int Total, bool Ends = false, Coins? Price = null);

/// <summary>A streak as it stands.</summary>
/// <param name="Total">Pieces charged so far.</param>
/// <param name="Coins">What they cost together.</param>
/// <param name="Status"><c>live</c>, or <c>ended</c>: it takes no more.</param>
/// <param name="Key">The key of its last charge, which is a gift like any other.</param>
/// <param name="Balance">The wallet's coins right after its last charge.</param>
/// <param name="CommittedAt">When its last charge was.</param>
[GenerateSerializer, Immutable, Alias("streak")]
public sealed record Streak(
    Guid StreakId,
    string UserId,
    string CreatorId,
    Guid StreamId,
    string GiftId,
    int Total,
    Coins Coins,
    string Status,
    Guid Key,
    Coins Balance,
    DateTimeOffset CommittedAt)
{
    /// <summary>How long after its last charge a streak takes more, unless silos are told otherwise.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(10);

    public const string Live = "live";
    public const string Ended = "ended";
}
