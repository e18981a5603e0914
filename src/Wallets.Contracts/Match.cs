namespace Wallets;

/// <summary>
/// The published formula of a match: a viewer's first 1,000 coins to one side count ten points each, the next 9,000 five, the next
/// 90,000 one, and what is beyond counts nothing. It goes by the viewer's sum, so the order and the size of gifts make no difference.
/// </summary>
public static class MatchPoints
{
    private const int Full = 1_000;
    private const int Half = 9_000;
    private const int Tenth = 90_000;

    /// <summary>Coins of one viewer to one side that count at all.</summary>
    public const long CountedCoins = Full + Half + Tenth;

    public static long Of(long coins) => 10 * Math.Clamp(coins, 0, Full) + 5 * Math.Clamp(coins - Full, 0, Half) + Math.Clamp(coins - Full - Half, 0, Tenth);
}

/// <summary>
/// One match between two creators, the key being the match's id, which is the idempotency key of whoever began it. Its times are by
/// the ledger's clock: a gift to either creator counts if the ledger recorded it between start and end and not during a pause.
/// Gifts refunded before the end do not count; after the result nothing changes it.
/// </summary>
[Alias("match")]
public interface IMatchGrain : IGrainWithGuidKey
{
    /// <summary>By a creator who is live: asks another one, who has a minute to accept.</summary>
    [Alias("invite")] Task<Outcome<MatchView>> Invite(Caller caller, MatchInvitation invitation);

    /// <summary>By the creator who was asked, live on <paramref name="streamId"/>: begins the match after a countdown.</summary>
    [Alias("accept")] Task<Outcome<MatchView>> Accept(Caller caller, Guid streamId);

    [Alias("decline")] Task<Outcome<MatchView>> Decline(Caller caller);

    /// <summary>By an operator: begins a match between the creators of two live streams.</summary>
    [Alias("open")] Task<Outcome<MatchView>> Open(Caller caller, Guid streamId, Guid opponentStreamId);

    /// <summary>By an operator: the clock stops, and gifts do not count until it goes on.</summary>
    [Alias("pause")] Task<Outcome<MatchView>> Pause(Caller caller);

    /// <summary>By an operator; or, if a stream had ended, by the creators, the one whose stream it was naming the new one.</summary>
    [Alias("resume")] Task<Outcome<MatchView>> Resume(Caller caller, Guid? streamId);

    [Alias("view")] Task<Outcome<MatchView>> GetView();

    /// <summary>The lines that make up the score, read again from the ledger, most points first.</summary>
    [Alias("lines")] Task<Outcome<MatchAudit>> GetLines(long afterRank, int limit);
}

[GenerateSerializer, Immutable, Alias("match-invitation")]
public sealed record MatchInvitation(string CreatorId, Guid StreamId, string OpponentId);

/// <param name="Status"><c>invited</c>, <c>declined</c>, <c>expired</c>, <c>live</c>, <c>paused</c>, <c>counting</c> (over; the last gifts settle) or <c>ended</c>: the result is final.</param>
/// <param name="EndsAt">The cut-off; null while the clock stands.</param>
/// <param name="Winner">The creator with more points; null for a draw, or while there is no result.</param>
[GenerateSerializer, Immutable, Alias("match-view")]
public sealed record MatchView(Guid MatchId, string Status, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, DateTimeOffset? PausedSince, MatchSide[] Sides, string? Winner)
{
    public const string Invited = "invited";
    public const string Declined = "declined";
    public const string Expired = "expired";
    public const string Live = "live";
    public const string Paused = "paused";
    public const string Counting = "counting";
    public const string Ended = "ended";
}

/// <param name="Supporters">Viewers whose gifts count.</param>
[GenerateSerializer, Immutable, Alias("match-side")]
public sealed record MatchSide(string CreatorId, Guid? StreamId, long Points, Coins Coins, long Supporters);

/// <param name="Agrees">Whether the lines add up to the points shown; always, once the match has ended.</param>
[GenerateSerializer, Immutable, Alias("match-audit")]
public sealed record MatchAudit(Guid MatchId, bool Agrees, MatchLine[] Items, string? Next);

/// <param name="UserId">Null for a viewer who gives anonymously.</param>
/// <param name="Coins">The viewer's coins to this side in the match, those that no longer count included.</param>
[GenerateSerializer, Immutable, Alias("match-line")]
public sealed record MatchLine(long Rank, string CreatorId, string? UserId, Coins Coins, long Points);
