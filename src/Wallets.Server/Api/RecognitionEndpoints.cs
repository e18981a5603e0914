namespace Wallets.Server.Api;

internal sealed record AnonymityRequest(bool Anonymous);

/// <summary>The published rules of recognition: what levels take, and how matches are counted.</summary>
internal sealed record RecognitionRules(LevelRule[] Levels, LevelRule[] FanLevels);

internal sealed record LevelRule(int Level, Coins Coins, string? Badge);

/// <summary>Levels, leaderboards, galleries and fan clubs: open to everybody, but for what is a viewer's own.</summary>
internal static class RecognitionEndpoints
{
    private static readonly RecognitionRules Rules = new(
        [.. Enumerable.Range(1, Levels.Highest).Select(level => new LevelRule(level, new(Levels.CoinsFor(level)), Levels.BadgeOf(level)))],
        [.. Enumerable.Range(1, Levels.HighestOfFans).Select(level => new LevelRule(level, new(Levels.CoinsForFan(level)), null))]);

    public static void MapRecognition(this RouteGroupBuilder v1)
    {
        var recognition = v1.MapGroup("").WithTags("Recognition");

        recognition.MapGet("/levels", () => TypedResults.Ok(Rules)).AllowAnonymous().WithSummary("The coins that each level takes, of gifters and within fan clubs.");

        recognition.MapGet("/leaderboards/creators", (IGrainFactory grains, string? period, string? order, string? after, string? limit) =>
            {
                var (afterRank, size) = Requests.ParsePage(after, limit);
                return Grain(grains).GetCreators(period ?? "day", order ?? "coins", afterRank, size).Found();
            })
            .AllowAnonymous().Produces<Board<CreatorPlace>>().Refuses(422).WithSummary("Creators of this day, this week or all time, by coins or by how many supporters sent them.");

        recognition.MapGet("/leaderboards/viewers", (IGrainFactory grains, string? order, string? after, string? limit) =>
            {
                var (afterRank, size) = Requests.ParsePage(after, limit);
                return Grain(grains).GetViewers(order ?? "coins", afterRank, size).Found();
            })
            .AllowAnonymous().Produces<Board<ViewerPlace>>().Refuses(422).WithSummary("Viewers of this week, by coins or by how many creators they went to.");

        recognition.MapGet("/creators/{creatorId}/gallery", (IGrainFactory grains, string creatorId) => Grain(grains).GetCreatorsGallery(creatorId).Found())
            .AllowAnonymous().Produces<Page<Collected>>().Refuses().WithSummary("The gifts that a creator has collected, who gave each first, and who gave most.");

        recognition.MapGet("/creators/{creatorId}/fans", (IGrainFactory grains, string creatorId, string? after, string? limit) =>
            {
                var (afterRank, size) = Requests.ParsePage(after, limit);
                return Grain(grains).GetFans(creatorId, afterRank, size).Found();
            })
            .AllowAnonymous().Produces<FanClub>().Refuses().WithSummary("A creator's fan club: everybody who sent them the coins of the first level.");

        recognition.MapGet("/creators/{creatorId}/fans/{userId}", (HttpContext http, IGrainFactory grains, string creatorId, string userId) =>
                Grain(grains).GetMembership(http.Caller(), creatorId, userId).Found())
            .Produces<Membership>().Refuses(403).WithSummary("One viewer's level within a fan club; for the viewer, the creator and operators.");

        recognition.MapGet("/wallets/{userId}/level", (HttpContext http, IGrainFactory grains, string userId) => grains.GetGrain<IWalletGrain>(userId).GetLevel(http.Caller()).Found())
            .Produces<LevelView>().Refuses(403).WithSummary("The wallet's gifter level, and what the next one takes.");

        recognition.MapGet("/wallets/{userId}/gallery", (HttpContext http, IGrainFactory grains, string userId) => Grain(grains).GetViewersGallery(http.Caller(), userId).Found())
            .AllowAnonymous().Produces<Page<SentGifts>>().Refuses(403).WithSummary("The gifts that a viewer has sent; of an anonymous viewer for themselves only.");

        recognition.MapGet("/wallets/{userId}/anonymity", (HttpContext http, IGrainFactory grains, string userId) => Grain(grains).GetAnonymous(http.Caller(), userId).Found())
            .Produces<Anonymity>().Refuses(403).WithSummary("Whether the viewer gives anonymously.");

        recognition.MapPut("/wallets/{userId}/anonymity", (HttpContext http, IGrainFactory grains, string userId, AnonymityRequest request) =>
                Grain(grains).SetAnonymous(http.Caller(), userId, request.Anonymous).Found())
            .Produces<Anonymity>().Refuses(403).WithSummary("Hides the viewer's name in feeds, boards, galleries and fan clubs, or shows it. The creator's own statement keeps it.");
    }

    private static IRecognitionGrain Grain(IGrainFactory grains) => grains.GetGrain<IRecognitionGrain>(IRecognitionGrain.Key);
}
