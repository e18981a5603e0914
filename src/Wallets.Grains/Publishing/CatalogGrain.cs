namespace Wallets.Grains.Publishing;

[GenerateSerializer, Alias("catalog-state")]
internal sealed class CatalogState
{
    /// <summary>The gifts of the first version, where it was stored before there were versions.</summary>
    [Id(0)] public Gift[] Gifts { get; set; } = [];

    [Id(1)] public CoinPack[] Packs { get; set; } = [];

    /// <summary>The versions in effect and ahead, and the latest before them, oldest first.</summary>
    [Id(2)] public CatalogVersion[] Versions { get; set; } = [];
}

/// <summary>Changes the catalogue, as an act does. The same change again is no change.</summary>
[Alias("catalog-desk")]
internal interface ICatalogDesk : IGrainWithStringKey
{
    [Alias("put-pack")] Task<Refusal?> PutPack(CoinPack pack);

    /// <summary>Publishes the next version: the last one with this gift in it.</summary>
    /// <param name="from">From when; null for at once.</param>
    [Alias("put-gift")] Task<Refusal?> PutGift(Guid act, Gift gift, DateTimeOffset? from);
}

/// <summary>
/// The catalogue: what is for sale, and what can be sent as numbered versions, each from its time on. The first activation ever stores
/// the default one, so that a later release cannot change prices by itself.
/// </summary>
internal sealed class CatalogGrain([PersistentState("catalog")] IPersistentState<CatalogState> catalog, TimeProvider time) : Grain, ICatalogGrain, ICatalogDesk
{
    private const int MostItems = 1_000;
    private const int MostVersions = 100;

    private CatalogState State => catalog.State;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!catalog.RecordExists)
        {
            catalog.State = new CatalogState { Packs = Defaults.Packs, Versions = [Defaults.Catalog] };
            await catalog.WriteStateAsync(cancellationToken);
        }
        if (State.Versions.Length == 0) State.Versions = [Defaults.Catalog with { Gifts = State.Gifts }];
    }

    public Task<Gift[]> GetGifts()
    {
        var now = time.GetUtcNow();
        return Task.FromResult((Array.FindLast(State.Versions, version => version.EffectiveFrom <= now) ?? State.Versions[0]).Gifts);
    }

    public Task<CatalogVersion[]> GetVersions() => Task.FromResult(State.Versions);

    public Task<CoinPack[]> GetPacks() => Task.FromResult(State.Packs);

    public Task<Refusal?> PutPack(CoinPack pack) =>
        Store(new CatalogState { Versions = State.Versions, Packs = Put(State.Packs, pack, known => known.Id == pack.Id) });

    public async Task<Refusal?> PutGift(Guid act, Gift gift, DateTimeOffset? from)
    {
        if (Array.Exists(State.Versions, version => version.Act == act)) return null;
        var (last, now) = (State.Versions[^1], time.GetUtcNow());
        if (from < last.EffectiveFrom) return new Refusal(Refusal.InvalidAct, $"Version {last.Version} of the catalogue takes effect at {last.EffectiveFrom:u}; the next one cannot come before it.");

        var effectiveFrom = from ?? (last.EffectiveFrom > now ? last.EffectiveFrom : now);
        var next = new CatalogVersion(last.Version + 1, effectiveFrom, Put(last.Gifts, gift, known => known.Id == gift.Id), act);
        if (Array.FindAll(State.Versions, version => version.EffectiveFrom > now).Length >= MostVersions / 2) return new Refusal(Refusal.InvalidAct, $"At most {MostVersions / 2} versions may lie ahead.");
        return await Store(new CatalogState { Packs = State.Packs, Versions = [.. State.Versions.TakeLast(MostVersions - 1), next] });
    }

    private static T[] Put<T>(T[] items, T item, Predicate<T> isSame) =>
        Array.FindIndex(items, isSame) is var at and >= 0 ? [.. items[..at], item, .. items[(at + 1)..]] : [.. items, item];

    private async Task<Refusal?> Store(CatalogState changed)
    {
        if (changed.Versions[^1].Gifts.Length > MostItems || changed.Packs.Length > MostItems) return new Refusal(Refusal.InvalidAct, $"The catalogue holds at most {MostItems} gifts and packs.");
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
