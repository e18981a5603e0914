namespace Wallets.Grains.Publishing;

[GenerateSerializer, Alias("catalog-state")]
internal sealed class CatalogState
{
    [Id(0)] public Gift[] Gifts { get; set; } = [];
    [Id(1)] public CoinPack[] Packs { get; set; } = [];
}

/// <summary>The catalogue. The first activation ever stores the default one, so that a later release cannot change prices by itself.</summary>
internal sealed class CatalogGrain([PersistentState("catalog")] IPersistentState<CatalogState> catalog) : Grain, ICatalogGrain
{
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (catalog.RecordExists) return;
        catalog.State = new CatalogState { Gifts = Defaults.Gifts, Packs = Defaults.Packs };
        await catalog.WriteStateAsync(cancellationToken);
    }

    public Task<Gift[]> GetGifts() => Task.FromResult(catalog.State.Gifts);

    public Task<CoinPack[]> GetPacks() => Task.FromResult(catalog.State.Packs);
}
