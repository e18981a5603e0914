namespace Wallets;

/// <summary>One live broadcast of a creator. The grain's key is the stream id, a UUID.</summary>
[Alias("stream")]
public interface IStreamGrain : IGrainWithGuidKey
{
    [Alias("start")] Task<Outcome<StreamView>> Start(Caller caller, string creatorId, string title);

    /// <summary>Ends the stream; when it answers, no gift to it is accepted any more.</summary>
    [Alias("end")] Task<Outcome<StreamView>> End(Caller caller);

    [Alias("view")] Task<Outcome<StreamView>> GetView();

    /// <summary>What is new since an earlier frame; <paramref name="afterSeq"/> is that frame's <see cref="StreamFrame.Seq"/>, 0 for none.</summary>
    [Alias("frame")] Task<Outcome<StreamFrame>> GetFrame(long afterSeq);
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

/// <summary>A stream's feed since an earlier frame.</summary>
/// <param name="Seq">Grows with every settled gift to the creator; the place to go on from.</param>
/// <param name="Gifts">The latest gifts, oldest first; of very many only the last hundred, while <paramref name="Totals"/> count all.</param>
[GenerateSerializer, Immutable, Alias("stream-frame")]
public sealed record StreamFrame(Guid StreamId, long Seq, string Status, FeedGift[] Gifts, StreamTotals Totals, Supporter[] Top);

[GenerateSerializer, Immutable, Alias("feed-gift")]
public sealed record FeedGift(string UserId, string GiftId, int Quantity, Coins Coins);

/// <param name="Gifts">Pieces: a gift of quantity 7 counts 7.</param>
[GenerateSerializer, Immutable, Alias("stream-totals")]
public sealed record StreamTotals(long Gifts, Coins Coins, Diamonds Diamonds);

[GenerateSerializer, Immutable, Alias("supporter")]
public sealed record Supporter(string UserId, Coins Coins);
