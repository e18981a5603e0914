using System.Collections.Concurrent;
using System.Diagnostics;

namespace Wallets;

/// <summary>
/// The front end's side of <see cref="IGiftIntake"/>. While one call is on its way to a silo, the gifts that come collect, and the next
/// call takes them all; a lone gift goes at once. A gift whose answer does not come in time, or whose call was lost, is unknown to its
/// sender, who asks again with the same key.
/// </summary>
internal sealed class GiftBatches : IGiftAnswers
{
    private const int MaxBatch = 512;

    /// <summary>Each goes to a silo that the cluster's client picks; a user's gifts take one lane.</summary>
    private const int LaneCount = 4;

    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromMilliseconds(250);

    private readonly IGrainFactory _grains;
    private readonly LostConnections _lostConnections;
    private readonly Lane[] _lanes;
    private readonly ConcurrentDictionary<long, Open> _open = new();
    private readonly Lazy<IGiftAnswers> _self;
    private long _lastId;
    private int _isSweeping;

    public GiftBatches(IGrainFactory grains, LostConnections lostConnections)
    {
        (_grains, _lostConnections) = (grains, lostConnections);
        _lanes = [.. Enumerable.Range(0, LaneCount).Select(lane => new Lane(lane))];
        _self = new(() => grains.CreateObjectReference<IGiftAnswers>(this));
    }

    /// <summary>As <see cref="IWalletGrain.SendGift"/>; throws <see cref="TimeoutException"/> if the answer does not come in time.</summary>
    public Task<Outcome<GiftReceipt>> Send(Caller caller, string userId, GiftOrder order)
    {
        var open = new Open(Stopwatch.GetTimestamp());
        var id = Interlocked.Increment(ref _lastId);
        _open[id] = open;
        if (Interlocked.Exchange(ref _isSweeping, 1) == 0) StartApart(Sweep);

        var lane = _lanes[(userId.GetHashCode() & int.MaxValue) % LaneCount];
        var trace = Activity.Current is { Recorded: true } activity ? activity.Id : null;
        if (lane.Add(new GiftCall(id, caller, userId, order, trace))) StartApart(() => Pump(lane));
        return open.Task;
    }

    public Task Hear(GiftAnswer[] answers)
    {
        foreach (var answer in answers)
        {
            if (!_open.TryRemove(answer.Id, out var open)) continue;   // too late
            if (answer.Fault is { } fault) open.TrySetException(fault);
            else open.TrySetResult(answer.Outcome);
        }
        return Task.CompletedTask;
    }

    private async Task Pump(Lane lane)
    {
        var intake = _grains.GetGrain<IGiftIntake>(lane.Number);
        while (lane.Take() is { } gifts)
        {
            try
            {
                await intake.Take(gifts, _self.Value).WaitAsync(_lostConnections.Next);
            }
            catch (Exception fault)
            {
                foreach (var gift in gifts)
                    if (_open.TryRemove(gift.Id, out var open)) open.TrySetException(fault);   // some may have got there: unknown, unless the fault says more
            }
        }
    }

    /// <summary>Gives up on answers that do not come, until none is waited for.</summary>
    private async Task Sweep()
    {
        while (true)
        {
            await Task.Delay(BetweenSweeps);
            foreach (var (id, open) in _open)
                if (Stopwatch.GetElapsedTime(open.SentAt) >= WalletsClient.AttemptTimeout && _open.TryRemove(id, out _)) open.TrySetException(new TimeoutException("The cluster did not answer in time."));
            if (!_open.IsEmpty) continue;
            Volatile.Write(ref _isSweeping, 0);
            if (_open.IsEmpty || Interlocked.Exchange(ref _isSweeping, 1) == 1) return;
        }
    }

    /// <summary>Not in the name of the caller who happens to be first: its trace is not everybody's.</summary>
    private static void StartApart(Func<Task> work)
    {
        using var _ = ExecutionContext.SuppressFlow();
        Task.Run(work);   // ends by itself, and tells those who wait
    }

    private sealed class Open(long sentAt) : TaskCompletionSource<Outcome<GiftReceipt>>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long SentAt => sentAt;
    }

    /// <summary>Gifts that wait for the call before theirs.</summary>
    private sealed class Lane(int number)
    {
        private readonly Lock _lock = new();
        private readonly Queue<GiftCall> _waiting = new();
        private bool _isPumped;

        public int Number => number;

        /// <summary>True if nobody takes what is in the lane, so that the caller must see to it.</summary>
        public bool Add(GiftCall gift)
        {
            lock (_lock)
            {
                _waiting.Enqueue(gift);
                return !_isPumped && (_isPumped = true);
            }
        }

        /// <summary>What waits, or null if nothing does; then the next to add sees to it.</summary>
        public GiftCall[]? Take()
        {
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _isPumped = false;
                    return null;
                }
                var taken = new GiftCall[Math.Min(MaxBatch, _waiting.Count)];
                for (var i = 0; i < taken.Length; i++) taken[i] = _waiting.Dequeue();
                return taken;
            }
        }
    }
}
