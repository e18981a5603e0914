using Microsoft.AspNetCore.Mvc;

namespace Wallets.Server.Api;

/// <param name="CreatorId">Who invites; left out by operators.</param>
/// <param name="OpponentId">Who is invited; left out by operators.</param>
/// <param name="OpponentStreamId">By operators: the other stream.</param>
internal sealed record MatchRequest(string StreamId, string? CreatorId = null, string? OpponentId = null, string? OpponentStreamId = null);

internal sealed record MatchStreamRequest(string? StreamId = null);

/// <summary>Matches between two creators.</summary>
internal static class MatchEndpoints
{
    public static void MapMatches(this RouteGroupBuilder v1)
    {
        var matches = v1.MapGroup("/matches").WithTags("Matches");

        matches.MapPost("", (HttpContext http, IGrainFactory grains, MatchRequest request, [FromHeader(Name = Requests.KeyHeader)] string? idempotencyKey) =>
            {
                var match = grains.GetGrain<IMatchGrain>(Requests.ParseKey(idempotencyKey));
                var stream = ParseStream(request.StreamId);
                if (request is { OpponentStreamId: { } other, CreatorId: null, OpponentId: null }) return match.Open(http.Caller(), stream, ParseStream(other)).Created(http);
                if (request is not { CreatorId: { } creator, OpponentId: { } opponent, OpponentStreamId: null })
                    throw new BadInputException("invalid_request", "Give creatorId and opponentId, or as an operator opponentStreamId.");
                return match.Invite(http.Caller(), new MatchInvitation(creator, stream, opponent)).Created(http);
            })
            .Produces<MatchView>(201).Refuses(403, 409, 422).WithSummary("Invites another creator to a match; by an operator, begins one between two live streams. The key is the match's id.");

        matches.MapGet("/{matchId}", (IGrainFactory grains, string matchId) => Match(grains, matchId).GetView().Found())
            .AllowAnonymous().Produces<MatchView>().Refuses(404).WithSummary("A match with its score, final once it has ended.");

        matches.MapGet("/{matchId}/lines", (IGrainFactory grains, string matchId, string? after, string? limit) =>
            {
                var (afterRank, size) = Requests.ParsePage(after, limit);
                return Match(grains, matchId).GetLines(afterRank, size).Found();
            })
            .AllowAnonymous().Produces<MatchAudit>().Refuses(404).WithSummary("What makes up the score, viewer by viewer, read again from the ledger.");

        matches.MapPost("/{matchId}/accept", (HttpContext http, IGrainFactory grains, string matchId, MatchStreamRequest request) =>
                Match(grains, matchId).Accept(http.Caller(), ParseStream(request.StreamId ?? "")).Found())
            .Produces<MatchView>().Refuses(403, 404, 409).WithSummary("Accepts an invitation, live on a stream; the match begins after a countdown.");

        matches.MapPost("/{matchId}/decline", (HttpContext http, IGrainFactory grains, string matchId) => Match(grains, matchId).Decline(http.Caller()).Found())
            .Produces<MatchView>().Refuses(403, 404, 409).WithSummary("Declines an invitation, or takes it back.");

        matches.MapPost("/{matchId}/pause", (HttpContext http, IGrainFactory grains, string matchId) => Match(grains, matchId).Pause(http.Caller()).Found())
            .Produces<MatchView>().Refuses(403, 404, 409).WithSummary("Stops the clock; for operators. It stops by itself when a stream ends.");

        matches.MapPost("/{matchId}/resume", (HttpContext http, IGrainFactory grains, string matchId, MatchStreamRequest request) =>
                Match(grains, matchId).Resume(http.Caller(), request.StreamId is { } stream ? ParseStream(stream) : null).Found())
            .Produces<MatchView>().Refuses(403, 404, 409).WithSummary("Lets the clock go on, with a new stream where one had ended.");
    }

    private static IMatchGrain Match(IGrainFactory grains, string matchId) => grains.GetGrain<IMatchGrain>(Requests.ParseUuid(matchId, "invalid_id", "A match id is a UUID."));

    private static Guid ParseStream(string streamId) => Requests.ParseUuid(streamId, "invalid_id", "A stream id is a UUID.");
}
