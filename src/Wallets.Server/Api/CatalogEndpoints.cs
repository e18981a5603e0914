namespace Wallets.Server.Api;

/// <summary>A coin pack as clients see it.</summary>
internal sealed record PackAnswer(string Id, Coins Coins, Coins BonusCoins, Money Price, int? BonusDays);

/// <summary>A gift as clients see it.</summary>
/// <param name="Locked">Why the caller may not send it, as the codes it would be refused with; null if nobody in particular asks.</param>
internal sealed record GiftAnswer(
    string Id, string Name, string Category, Coins Price, string? Tier, DateTimeOffset? From, DateTimeOffset? Until, int? MinLevel, bool FansOnly, string[]? Regions, string[]? Locked)
{
    public static GiftAnswer Of(Gift gift, string[]? locked) =>
        new(gift.Id, gift.Name, gift.Category, gift.Price, gift.Tier, gift.From, gift.Until, gift.MinLevel, gift.FansOnly, gift.Regions, locked);
}

/// <summary>What is for sale, what can be sent, and the published rates: open to everybody.</summary>
internal static class CatalogEndpoints
{
    public static void MapCatalog(this RouteGroupBuilder v1)
    {
        var catalog = v1.MapGroup("").AllowAnonymous().WithTags("Catalogue");

        catalog.MapGet("/packs", async (IGrainFactory grains, string? channel) =>
        {
            var packs = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).GetPacks();
            return Requests.Page(packs
                .Where(pack => channel is null ? pack.Channels.Length > 0 : pack.Channels.Contains(channel))
                .Select(pack => new PackAnswer(pack.Id, pack.Coins, pack.BonusCoins, pack.Price, pack.BonusDays)));
        }).WithSummary("Coin packs, of one channel if it is given.");

        catalog.MapGet("/gifts", async (HttpContext http, IGrainFactory grains, string? creatorId) =>
            {
                if (creatorId is not null && !Identifier.IsValid(creatorId)) throw new BadInputException("invalid_id", "creatorId is not a valid id.");
                var caller = http.Caller();
                if (!caller.Is(Roles.Viewer) || !Identifier.IsValid(caller.Subject))
                    return Requests.Page((await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).GetGifts()).Select(gift => GiftAnswer.Of(gift, null)));
                var offers = await grains.GetGrain<IWalletGrain>(caller.Subject).GetOffers(caller, creatorId);
                return Requests.Page(offers.Value!.Items.Select(offer => GiftAnswer.Of(offer.Gift, offer.Locked)));
            })
            .WithSummary("Gifts with their prices in coins; for a viewer's token, with why some are locked, to the creator if one is named.");

        catalog.MapGet("/gifts/versions", async (IGrainFactory grains) => Requests.Page(await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).GetVersions()))
            .WithSummary("The versions of the gifts, those ahead included, oldest first.");

        catalog.MapGet("/rates", async (IGrainFactory grains) => Requests.Page(await Versions(grains)))
            .WithSummary("Every published rate card, oldest first.");

        catalog.MapGet("/rates/{version:int}", async (IGrainFactory grains, int version) =>
            Array.Find(await Versions(grains), card => card.Version == version) is { } card
                ? Results.Ok(card)
                : Problems.Refuse(new Refusal(Refusal.UnknownRate, $"There is no rate card {version}.")))
            .Produces<RateCard>().Refuses(404).WithSummary("One rate card; a published version never changes.");
    }

    private static Task<RateCard[]> Versions(IGrainFactory grains) => grains.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions();
}
