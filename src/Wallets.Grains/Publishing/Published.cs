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
/// The silo's copy of the terms, at most five seconds old, so that a gift asks no other grain for its price.
/// </summary>
internal sealed class Published(IGrainFactory grains, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<Terms>? _terms;
    private long _readAt;

    public Task<Terms> GetTerms()
    {
        lock (_lock)
        {
            var isCurrent = _terms is { IsFaulted: false, IsCanceled: false } && time.GetElapsedTime(_readAt) < MaxAge;
            if (isCurrent) return _terms!;
            _readAt = time.GetTimestamp();
            return _terms = Task.Run(Read);   // off the asking grain's scheduler: others wait for it too
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
