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
/// waits for the term to pass before it says so, and after that no silo takes a gift for it. While a stream's grain is out of
/// reach, because its silo has just died, what it said last counts for a while: a viewer's gift does not wait for the cluster.
/// </summary>
internal sealed class LiveStreams(IGrainFactory grains, TimeProvider time)
{
    public static readonly TimeSpan LeaseTerm = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OutOfReachTerm = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);
    private const int MostLeases = 50_000;

    private readonly ConcurrentDictionary<Guid, Held> _leases = new();

    /// <param name="Grain">Whom to ask.</param>
    /// <param name="AskedAt">When the grain was asked.</param>
    /// <param name="Answer">What it says.</param>
    /// <param name="Before">The last answer before this one that is known, with the time of its asking.</param>
    private sealed record Held(IStreamLease Grain, long AskedAt, Task<LiveStream?> Answer, (LiveStream Stream, long AskedAt)? Before);

    public ValueTask<LiveStream?> Find(Guid streamId) =>
        _leases.TryGetValue(streamId, out var held) && held.Answer is { IsCompletedSuccessfully: true, Result: { } stream } && IsCurrent(held) ? new(stream) : new(Ask(streamId));

    private async Task<LiveStream?> Ask(Guid streamId)
    {
        if (!_leases.TryGetValue(streamId, out var held) || !IsCurrent(held))
        {
            if (_leases.Count >= MostLeases) Forget();
            var grain = held?.Grain ?? grains.GetGrain<IStreamLease>(streamId);
            held = new Held(grain, time.GetTimestamp(), Task.Run(grain.Lease), LastKnown(held));
            _leases[streamId] = held;
        }
        if (held.Before is { } before && !held.Answer.IsCompletedSuccessfully && time.GetElapsedTime(before.AskedAt) < OutOfReachTerm)
        {
            await Task.WhenAny(held.Answer, Task.Delay(Patience, time));
            if (!held.Answer.IsCompletedSuccessfully) return before.Stream;
        }
        if (await held.Answer is { } stream) return stream;
        _leases.TryRemove(KeyValuePair.Create(streamId, held));
        return null;
    }

    private static (LiveStream Stream, long AskedAt)? LastKnown(Held? held) =>
        held is { Answer: { IsCompletedSuccessfully: true, Result: { } stream } } ? (stream, held.AskedAt) : held?.Before;

    private bool IsCurrent(Held held) => !held.Answer.IsFaulted && !held.Answer.IsCanceled && time.GetElapsedTime(held.AskedAt) < LeaseTerm;

    private void Forget()
    {
        foreach (var lease in _leases)
            if (!IsCurrent(lease.Value)) _leases.TryRemove(lease);
    }
}
