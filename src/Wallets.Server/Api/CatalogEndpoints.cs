namespace Wallets.Server.Api;

/// <summary>A coin pack as clients see it.</summary>
internal sealed record PackAnswer(string Id, Coins Coins, Coins BonusCoins, Money Price, int? BonusDays);

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

        catalog.MapGet("/gifts", async (IGrainFactory grains) => Requests.Page(await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).GetGifts()))
            .WithSummary("Gifts that can be sent, with their prices in coins.");

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
