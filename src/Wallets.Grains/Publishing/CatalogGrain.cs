namespace Wallets.Grains.Publishing;

[GenerateSerializer, Alias("catalog-state")]
internal sealed class CatalogState
{
    [Id(0)] public Gift[] Gifts { get; set; } = [];
    [Id(1)] public CoinPack[] Packs { get; set; } = [];
}

/// <summary>Changes the catalogue, as an act does. The same change again is no change.</summary>
[Alias("catalog-desk")]
internal interface ICatalogDesk : IGrainWithStringKey
{
    [Alias("put-pack")] Task<Refusal?> PutPack(CoinPack pack);
    [Alias("put-gift")] Task<Refusal?> PutGift(Gift gift);
}

/// <summary>The catalogue. The first activation ever stores the default one, so that a later release cannot change prices by itself.</summary>
internal sealed class CatalogGrain([PersistentState("catalog")] IPersistentState<CatalogState> catalog) : Grain, ICatalogGrain, ICatalogDesk
{
    private const int MostItems = 1_000;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (catalog.RecordExists) return;
        catalog.State = new CatalogState { Gifts = Defaults.Gifts, Packs = Defaults.Packs };
        await catalog.WriteStateAsync(cancellationToken);
    }

    public Task<Gift[]> GetGifts() => Task.FromResult(catalog.State.Gifts);

    public Task<CoinPack[]> GetPacks() => Task.FromResult(catalog.State.Packs);

    public Task<Refusal?> PutPack(CoinPack pack) =>
        Store(new CatalogState { Gifts = catalog.State.Gifts, Packs = Put(catalog.State.Packs, pack, known => known.Id == pack.Id) });

    public Task<Refusal?> PutGift(Gift gift) =>
        Store(new CatalogState { Gifts = Put(catalog.State.Gifts, gift, known => known.Id == gift.Id), Packs = catalog.State.Packs });

    private static T[] Put<T>(T[] items, T item, Predicate<T> isSame) =>
        Array.FindIndex(items, isSame) is var at and >= 0 ? [.. items[..at], item, .. items[(at + 1)..]] : [.. items, item];

    private async Task<Refusal?> Store(CatalogState changed)
    {
        if (changed.Gifts.Length > MostItems || changed.Packs.Length > MostItems) return new Refusal(Refusal.InvalidAct, $"The catalogue holds at most {MostItems} gifts and packs.");
        try
        {
            catalog.State = changed;
            await catalog.WriteStateAsync();
            return null;
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }
}
