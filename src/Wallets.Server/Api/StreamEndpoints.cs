namespace Wallets.Server.Api;

internal sealed record StreamRequest(string CreatorId, string Title);

/// <summary>Live streams: going live, ending, and what everybody may see.</summary>
internal static class StreamEndpoints
{
    public static void MapStreams(this RouteGroupBuilder v1)
    {
        var streams = v1.MapGroup("/streams").WithTags("Streams");

        streams.MapPost("", (HttpContext http, IGrainFactory grains, StreamRequest request) =>
            {
                if (!Identifier.IsValid(request.CreatorId)) throw new BadInputException("invalid_id", "creatorId is not a valid id.");
                return grains.GetGrain<IStreamGrain>(Guid.CreateVersion7()).Start(http.Caller(), request.CreatorId, request.Title).Created(http);
            })
            .Produces<StreamView>(201).Refuses(403, 422).WithSummary("Goes live.");

        streams.MapGet("", (IGrainFactory grains, string? after, string? limit) =>
            {
                var (afterNumber, size) = Requests.ParsePage(after, limit);
                return grains.GetGrain<IStreamListGrain>(IStreamListGrain.Key).GetPage(afterNumber, size).Found();
            })
            .AllowAnonymous().Produces<Page<ListedStream>>().Refuses().WithSummary("Who is live now, the latest first.");

        streams.MapGet("/{streamId}", (IGrainFactory grains, string streamId) => grains.GetGrain<IStreamGrain>(ParseId(streamId)).GetView().Found())
            .AllowAnonymous().Produces<StreamView>().Refuses(404).WithSummary("A stream with its totals and top supporters.");

        streams.MapPost("/{streamId}/end", (HttpContext http, IGrainFactory grains, string streamId) =>
                grains.GetGrain<IStreamGrain>(ParseId(streamId)).End(http.Caller()).Found())
            .Produces<StreamView>().Refuses(403, 404).WithSummary("Ends a stream; once it answers, no gift to it is accepted any more.");
    }

    private static Guid ParseId(string streamId) => Requests.ParseUuid(streamId, "invalid_id", "A stream id is a UUID.");
}
