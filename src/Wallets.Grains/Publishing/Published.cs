using System.Collections.Frozen;

namespace Wallets.Grains.Publishing;

/// <summary>What gifts and purchases are judged by: the catalogue and every published rate card.</summary>
internal sealed class Terms(Gift[] gifts, CoinPack[] packs, RateCard[] rates)
{
    public FrozenDictionary<string, Gift> Gifts { get; } = gifts.ToFrozenDictionary(gift => gift.Id);
    public FrozenDictionary<string, CoinPack> Packs { get; } = packs.ToFrozenDictionary(pack => pack.Id);

    /// <summary>The latest version in effect at <paramref name="time"/>; the first one if none is yet.</summary>
    public RateCard RateAt(DateTimeOffset time) => Array.FindLast(rates, rate => rate.EffectiveFrom <= time) ?? rates[0];
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
            await catalog.GetGifts(),
            await catalog.GetPacks(),
            await grains.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions());
    }
}
