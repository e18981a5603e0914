using System.Collections.Frozen;

namespace Wallets.Grains.Publishing;

/// <summary>What gifts and purchases are judged by: the catalogue and every published rate card.</summary>
internal sealed class Terms(CatalogVersion[] catalog, CoinPack[] packs, RateCard[] rates)
{
    private readonly (DateTimeOffset From, FrozenDictionary<string, Gift> Gifts)[] _catalog =
        [.. catalog.Select(version => (version.EffectiveFrom, version.Gifts.ToFrozenDictionary(gift => gift.Id)))];

    public FrozenDictionary<string, CoinPack> Packs { get; } = packs.ToFrozenDictionary(pack => pack.Id);

    /// <summary>The gift as it can be sent at <paramref name="time"/>, or null.</summary>
    public Gift? GiftAt(string id, DateTimeOffset time) => _catalog[VersionAt(time)].Gifts.GetValueOrDefault(id);

    /// <summary>Whether a gift costs this at <paramref name="now"/>, or did at any moment of the minute before.</summary>
    public bool IsShownAt(string id, Coins price, DateTimeOffset now)
    {
        for (var (i, oldest) = (VersionAt(now), VersionAt(now - CatalogVersion.Grace)); i >= oldest; i--)
            if (_catalog[i].Gifts.TryGetValue(id, out var gift) && gift.Price == price) return true;
        return false;
    }

    public IEnumerable<Gift> GiftsAt(DateTimeOffset time)
    {
        var version = Array.FindLast(catalog, version => version.EffectiveFrom <= time) ?? catalog[0];
        return version.Gifts;
    }

    private int VersionAt(DateTimeOffset time)
    {
        var at = _catalog.Length - 1;
        while (at > 0 && _catalog[at].From > time) at--;
        return at;
    }

    /// <summary>The latest version in effect at <paramref name="time"/>; the first one if none is yet.</summary>
    public RateCard RateAt(DateTimeOffset time)
    {
        for (var i = rates.Length - 1; i > 0; i--)
            if (rates[i].EffectiveFrom <= time) return rates[i];
        return rates[0];
    }
}

/// <summary>
/// The silo's copy of the terms, so that a gift asks no other grain for its price. It is refreshed in the background every five
/// seconds; while the grains that know better are out of reach, the last copy counts. Every gift records the version it used.
/// </summary>
internal sealed class Published(IGrainFactory grains, TimeProvider time)
{
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<Terms>? _current;
    private Task<Terms>? _refresh;
    private long _askedAt;

    public Task<Terms> GetTerms()
    {
        lock (_lock)
        {
            if (_refresh is { IsCompleted: true })
            {
                if (_refresh.IsCompletedSuccessfully) _current = _refresh;
                _refresh = null;
            }
            if (_refresh is null && (_current is null || time.GetElapsedTime(_askedAt) >= RefreshAfter))
            {
                _askedAt = time.GetTimestamp();
                _refresh = Task.Run(Read);   // off the asking grain's scheduler: others wait for it too
            }
            return _current ?? _refresh!;
        }
    }

    private async Task<Terms> Read()
    {
        var catalog = grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        return new Terms(
            await catalog.GetVersions(),
            await catalog.GetPacks(),
            await grains.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions());
    }
}
