using System.Collections.Concurrent;
using System.Diagnostics;

namespace Wallets;

/// <summary>
/// The front end's side of <see cref="IGiftIntake"/>. Gifts go to the silos in rounds: a lone gift at once, and what comes within a few
/// milliseconds of a round together in the next one. A gift whose answer does not come in time, or whose call was lost, is unknown to its
/// sender, who asks again with the same key.
/// </summary>
internal sealed class GiftBatches : IGiftAnswers
{
    private const int MaxBatch = 512;

    /// <summary>Each is at a silo that the cluster's client picks.</summary>
    private const int MostIntakes = 4;

    /// <summary>A round goes to one intake while it is small: fewer and larger messages, there and back.</summary>
    private const int GiftsWorthAnIntake = 64;

    /// <summary>
    /// From the beginning of one round to that of the next, at the least. A front end that sent whenever it can would spend the time that a
    /// silo or the database beside it could use, and then so would they: all would be busy at a fraction of what they can do.
    /// </summary>
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(4);

    private const int MillisecondsWithAnIntake = 1_000;
    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromMilliseconds(250);

    private readonly LostConnections _lostConnections;
    private readonly Intake[] _intakes;
    private readonly Lock _lock = new();
    private readonly List<GiftCall> _waiting = [];
    private readonly ConcurrentDictionary<long, Open> _open = new();
    private readonly Lazy<IGiftAnswers> _self;
    private bool _isPumped;
    private long _lastId;
    private int _isSweeping;

    public GiftBatches(IGrainFactory grains, LostConnections lostConnections)
    {
        _lostConnections = lostConnections;
        _intakes = [.. Enumerable.Range(0, MostIntakes).Select(number => new Intake(number, grains))];
        _self = new(() => grains.CreateObjectReference<IGiftAnswers>(this));
    }

    /// <summary>As <see cref="IWalletGrain.SendGift"/>; throws <see cref="TimeoutException"/> if the answer does not come in time.</summary>
    public Task<Outcome<GiftReceipt>> Send(Caller caller, string userId, GiftOrder order)
    {
        ArgumentNullException.ThrowIfNull(userId);
        var open = new Open(Stopwatch.GetTimestamp());
        var id = Interlocked.Increment(ref _lastId);
        _open[id] = open;
        if (Interlocked.Exchange(ref _isSweeping, 1) == 0) StartApart(Sweep);

        var trace = Activity.Current is { Recorded: true } activity ? activity.Id : null;
        if (Add(new GiftCall(id, caller, userId, order, trace))) StartApart(Pump);
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

    /// <summary>True if nobody takes what waits, so that the caller must see to it.</summary>
    private bool Add(GiftCall gift)
    {
        lock (_lock)
        {
            _waiting.Add(gift);
            return !_isPumped && (_isPumped = true);
        }
    }

    /// <summary>What waits, or null if nothing does; then the next to add sees to it.</summary>
    private GiftCall[]? Take()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _isPumped = false;
                return null;
            }
            GiftCall[] taken = [.. _waiting];
            _waiting.Clear();
            return taken;
        }
    }

    private async Task Pump()
    {
        while (Take() is { } gifts)
        {
            var intakes = Math.Clamp(gifts.Length / GiftsWorthAnIntake, 1, MostIntakes);
            foreach (var (i, batch) in gifts.Chunk(Math.Min(MaxBatch, (gifts.Length + intakes - 1) / intakes)).Index())
            {
                var intake = PickIntake(i);
                intake.Follow(Send(intake, batch));
            }
            await Task.Delay(BetweenRounds);
        }
    }

    /// <summary>Never throws.</summary>
    private async Task Send(Intake intake, GiftCall[] gifts)
    {
        try
        {
            await intake.Grain.Take(gifts, _self.Value).WaitAsync(_lostConnections.Next);
        }
        catch (Exception fault)
        {
            intake.HasFailed();
            foreach (var gift in gifts)
                if (_open.TryRemove(gift.Id, out var open)) open.TrySetException(fault);   // some may have got there: unknown, unless the fault says more
        }
    }

    /// <summary>
    /// Another one each second, so that a front end loads every silo it knows, and answers still come together. Passes over those whose
    /// silo is slow to take what it was sent, stands still, or has just failed; if all do, the one that was trusted longest.
    /// </summary>
    private Intake PickIntake(int batch)
    {
        var first = batch + (int)(Environment.TickCount64 / MillisecondsWithAnIntake % MostIntakes);
        for (var i = 0; i < MostIntakes; i++)
            if (_intakes[(first + i) % MostIntakes] is { IsSuspect: false } intake) return intake;
        return _intakes.MaxBy(intake => intake.SuspectSince)!;
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

    /// <summary>An intake, and the first call to it that is still on its way. Used by one round at a time.</summary>
    private sealed class Intake(int number, IGrainFactory grains)
    {
        private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan Penalty = TimeSpan.FromSeconds(1);

        private IGiftIntake? _grain;
        private Task _call = Task.CompletedTask;
        private long _calledAt;
        private long _failedAt;

        public IGiftIntake Grain => _grain ??= grains.GetGrain<IGiftIntake>(number);
        public bool IsSuspect => (!_call.IsCompleted && Stopwatch.GetElapsedTime(_calledAt) > Slow) || (FailedAt != 0 && Stopwatch.GetElapsedTime(FailedAt) < Penalty);
        public long SuspectSince => Math.Max(_calledAt, FailedAt);
        private long FailedAt => Volatile.Read(ref _failedAt);

        public void HasFailed() => Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());

        public void Follow(Task call)
        {
            if (_call.IsCompleted) (_call, _calledAt) = (call, Stopwatch.GetTimestamp());
        }
    }
}
