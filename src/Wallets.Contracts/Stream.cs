using System.Text.Json.Serialization;
using Orleans.Concurrency;

namespace Wallets;

/// <summary>
/// One live broadcast of a creator. The grain's key is the stream id, a UUID. Whatever it answers shows no viewer's name who gives
/// anonymously at that moment (null), but counts what they gave.
/// </summary>
[Alias("stream")]
public interface IStreamGrain : IGrainWithGuidKey
{
    [Alias("start")] Task<Outcome<StreamView>> Start(Caller caller, string creatorId, string title);

    /// <summary>Ends the stream; when it answers, no gift to it is accepted any more.</summary>
    [Alias("end")] Task<Outcome<StreamView>> End(Caller caller);

    [Alias("view")] Task<Outcome<StreamView>> GetView();

    /// <summary>
    /// What has happened since a frame, as one frame: at once if something has, else as soon as something does. After two seconds of nothing
    /// the answer is a frame whose <see cref="StreamFrame.After"/> is its own number. A snapshot if that frame is not known any more.
    /// </summary>
    /// <param name="epoch">That frame's <see cref="StreamFrame.Epoch"/>; null for a snapshot at once.</param>
    /// <param name="after">That frame's <see cref="StreamFrame.Number"/>.</param>
    [AlwaysInterleave, Alias("next-frame")] Task<Outcome<StreamFrame>> NextFrame(string? epoch, long after);

    /// <summary>What happened between two frames, as one frame; a snapshot of the stream as it stands if that is not known any more.</summary>
    [AlwaysInterleave, Alias("read-frame")] Task<Outcome<StreamFrame>> ReadFrame(string epoch, long after, long through);
}

/// <param name="Status"><c>live</c> or <c>ended</c>.</param>
/// <param name="Totals">Of the settled gifts.</param>
/// <param name="Top">The viewers who sent the most coins, most first, at most ten.</param>
[GenerateSerializer, Immutable, Alias("stream-view")]
public sealed record StreamView(
    Guid StreamId,
    string CreatorId,
    string Title,
    string Status,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    StreamTotals Totals,
    Supporter[] Top)
{
    public const string Live = "live";
    public const string Ended = "ended";
    public const int MaxTitleLength = 200;
}

/// <summary>
/// A piece of a stream's feed: what happened after frame <see cref="After"/> up to frame <see cref="Number"/> of the same epoch, or, as a
/// snapshot, the stream as it stands at that frame. Who has frame n of an epoch takes the frame that comes after n, and nothing is missing
/// or told twice.
/// </summary>
/// <param name="Epoch">Numbers of different epochs have nothing to do with each other: the stream's memory began anew.</param>
/// <param name="IsSnapshot">It replaces whatever is known of the stream; <paramref name="Gifts"/> are the latest lines.</param>
/// <param name="Status"><c>live</c>, or <c>ended</c>: no gift to it is accepted any more.</param>
/// <param name="Gifts">Lines, oldest first; of very many the ones that are worth most.</param>
/// <param name="Merged">How many gifts share a line with an earlier one.</param>
/// <param name="Dropped">How many gifts no line shows; <paramref name="Totals"/> count them.</param>
[GenerateSerializer, Immutable, Alias("stream-frame")]
public sealed record StreamFrame(
    Guid StreamId,
    string Epoch,
    long After,
    long Number,
    bool IsSnapshot,
    string Status,
    FeedGift[] Gifts,
    long Merged,
    long Dropped,
    StreamTotals Totals,
    Supporter[] Top);

/// <summary>A line of the feed: gifts of one kind from one viewer.</summary>
/// <param name="UserId">Null for a viewer who gives anonymously; two lines of null may be two viewers.</param>
/// <param name="Quantity">Pieces in this frame.</param>
/// <param name="Coins">What those cost.</param>
/// <param name="Gifts">How many gifts the line is made of.</param>
/// <param name="StreakId">Lines of one streak are one line that grows: in a frame its growth, in a snapshot the whole as far as the feed remembers.</param>
/// <param name="StreakTotal">The streak's pieces so far.</param>
[GenerateSerializer, Immutable, Alias("feed-gift")]
public sealed record FeedGift(
    string? UserId,
    string GiftId,
    long Quantity,
    Coins Coins,
    int Gifts,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? StreakId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? StreakTotal = null);

/// <param name="Gifts">Pieces: a gift of quantity 7 counts 7.</param>
[GenerateSerializer, Immutable, Alias("stream-totals")]
public sealed record StreamTotals(long Gifts, Coins Coins, Diamonds Diamonds);

/// <param name="UserId">Null for a viewer who gives anonymously.</param>
[GenerateSerializer, Immutable, Alias("supporter")]
public sealed record Supporter(string? UserId, Coins Coins);
