using System.Collections.Concurrent;
using Orleans.Concurrency;

namespace Wallets.Grains.Streams;

/// <summary>What a wallet must know of a stream to send a gift to it.</summary>
[GenerateSerializer, Immutable, Alias("live-stream")]
internal sealed record LiveStream(string CreatorId, long CreatorAccount, bool HasEnded);

/// <summary>The stream grain's other face: what silos may hold for true for a while.</summary>
[Alias("stream-lease")]
internal interface IStreamLease : IGrainWithGuidKey
{
    /// <summary>The stream, or null if it never started. What is said holds for <see cref="LiveStreams.LeaseTerm"/> from the asking.</summary>
    [AlwaysInterleave, Alias("lease")] Task<LiveStream?> Lease();
}

/// <summary>
/// The silo's leases on streams: thousands of gifts a second to one stream ask its grain once a second. A stream that ends
/// waits for the term to pass before it says so, and after that no silo takes a gift for it.
/// </summary>
internal sealed class LiveStreams(IGrainFactory grains, TimeProvider time)
{
    public static readonly TimeSpan LeaseTerm = TimeSpan.FromSeconds(1);
    private const int MostLeases = 50_000;

    private readonly ConcurrentDictionary<Guid, Held> _leases = new();

    private sealed record Held(long AskedAt, Task<LiveStream?> Answer);

    public async Task<LiveStream?> Find(Guid streamId)
    {
        if (_leases.TryGetValue(streamId, out var held) && IsCurrent(held)) return await held.Answer;

        if (_leases.Count >= MostLeases) Forget();
        var asked = new Held(time.GetTimestamp(), Task.Run(() => grains.GetGrain<IStreamLease>(streamId).Lease()));
        _leases[streamId] = asked;
        if (await asked.Answer is { } stream) return stream;
        _leases.TryRemove(KeyValuePair.Create(streamId, asked));
        return null;
    }

    private bool IsCurrent(Held held) => !held.Answer.IsFaulted && !held.Answer.IsCanceled && time.GetElapsedTime(held.AskedAt) < LeaseTerm;

    private void Forget()
    {
        foreach (var lease in _leases)
            if (!IsCurrent(lease.Value)) _leases.TryRemove(lease);
    }
}
