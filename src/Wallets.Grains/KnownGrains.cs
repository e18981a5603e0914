using System.Collections.Concurrent;

namespace Wallets.Grains;

/// <summary>References to grains that are called again and again: to make one costs as much as the call. Bounded by beginning anew.</summary>
internal sealed class KnownGrains<TGrain>(IGrainFactory grains) where TGrain : IGrainWithStringKey
{
    private const int MostKnown = 50_000;

    private readonly ConcurrentDictionary<string, TGrain> _known = new();

    public TGrain this[string key]
    {
        get
        {
            if (_known.TryGetValue(key, out var grain)) return grain;
            if (_known.Count >= MostKnown) _known.Clear();
            return _known[key] = grains.GetGrain<TGrain>(key);
        }
    }
}
