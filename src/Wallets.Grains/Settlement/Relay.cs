using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wallets.Ledger;

namespace Wallets.Grains.Settlement;

/// <summary>
/// Carries the credits of this silo's committed gifts to their creators: step 5 of a gift's way. A creator's first credit goes at
/// once; what comes within a linger goes together in the next delivery, one at a time, so that a popular creator costs a few calls
/// a second, and a thousand creators no more than a silo can make beside its gifts. A delivery that failed is repeated, flagged, while the silo lives; a silo that stops gracefully delivers
/// what it has first. Whatever is lost here stands in the ledger as a debit without credit and is found by settlement, so the
/// queue may be bounded by dropping. What is merely late settlement is asked to leave here.
/// </summary>
internal sealed partial class Relay : IHostedService
{
    /// <summary>About what a flush takes. A creator has one delivery on its way, so that this many, once in two flushes, is what a celebrity can earn from a silo.</summary>
    private const int MaxBatch = 4_000;

    private const int MaxPendingPerCreator = 100_000;

    /// <summary>How long after one delivery to a creator the next begins at the least, unless there is enough to fill it.</summary>
    private static readonly TimeSpan ShortestLinger = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestLinger = TimeSpan.FromMilliseconds(500);

    /// <summary>With more creators at once than this many deliveries a second serve, each creator's linger is longer.</summary>
    private const int DeliveriesPerSecond = 2_000;

    /// <summary>Deliveries begin at beats of a clock, those of many creators together: fewer timers, and their entries meet in one flush.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private readonly SiloAddress _silo;
    private readonly KnownGrains<ICreditReceiver> _creators;
    private readonly GiftMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<Relay> _logger;
    private readonly ConcurrentDictionary<string, Lane> _lanes = new();
    private readonly long _startedAt;
    private volatile bool _isStopping;
    private int _openLanes;

    public Relay(ILocalSiloDetails silo, IGrainFactory grains, GiftMetrics metrics, TimeProvider time, ILogger<Relay> logger)
    {
        (_silo, _creators, _metrics, _time, _logger) = (silo.SiloAddress, new(grains), metrics, time, logger);
        _startedAt = time.GetTimestamp();
        metrics.RelayPending = () => _lanes.Values.Sum(lane => lane.Count);
    }

    public void Hand(string creatorId, Entry debit, string userId)
    {
        var credit = Credit.Of(debit, userId);
        while (true)
        {
            var lane = _lanes.GetOrAdd(creatorId, static _ => new Lane());
            switch (lane.Add(credit, debit.RecordedAt))
            {
                case Lane.Added.First:
                    Begin(creatorId, lane);
                    return;
                case Lane.Added.Behind:
                    return;
            }
            // The lane was closed between finding and adding; the next one is new.
        }
    }

    /// <summary>A method of its own, for its closure: not each gift makes one.</summary>
    private void Begin(string creatorId, Lane lane)
    {
        Interlocked.Increment(ref _openLanes);
        _ = Task.Run(() => Deliver(creatorId, lane));   // ends by itself; its failures are repeated or found by settlement
    }

    /// <summary>Asks settlement to leave to this silo what it still has to deliver. Holds for a moment only, so that a silo that dies is not waited for.</summary>
    public Task AskForPatience(IGrainFactory grains) =>
        _lanes.Values.Min(lane => lane.Oldest) is { } oldest ? grains.GetGrain<ISettlementGrain>(ISettlementGrain.Key).LeaveTo(_silo, oldest) : Task.CompletedTask;

    private async Task Deliver(string creatorId, Lane lane)
    {
        var receiver = _creators[creatorId];
        while (lane.Take(MaxBatch) is { } batch)
        {
            var startedAt = _time.GetTimestamp();
            await Deliver(creatorId, receiver, lane, batch);
            lane.Delivered(batch.Length);
            var left = Linger() - _time.GetElapsedTime(startedAt);
            if (lane.Count < MaxBatch && left > TimeSpan.Zero && !_isStopping) await Task.Delay(UntilBeatAfter(left), _time);
        }
        _lanes.TryRemove(KeyValuePair.Create(creatorId, lane));
        Interlocked.Decrement(ref _openLanes);
    }

    private TimeSpan Linger()
    {
        var shared = TimeSpan.FromSeconds((double)Volatile.Read(ref _openLanes) / DeliveriesPerSecond);
        return shared < ShortestLinger ? ShortestLinger : shared > LongestLinger ? LongestLinger : shared;
    }

    /// <summary>Up to a fifth later than it must be: creators whom a stall has brought to one beat come apart again.</summary>
    private TimeSpan UntilBeatAfter(TimeSpan wait)
    {
        var now = _time.GetElapsedTime(_startedAt);
        return Beat * Math.Ceiling((now + wait * (1 + Random.Shared.NextDouble() / 5)) / Beat) - now;
    }

    private async Task Deliver(string creatorId, ICreditReceiver receiver, Lane lane, Credit[] batch)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await receiver.Receive(batch, redelivered: attempt > 0);
                return;
            }
            catch (Exception fault)
            {
                LogNotDelivered(fault, batch.Length, creatorId, attempt + 1);
                _metrics.Redelivered(batch.Length);
                lane.Failed();
            }
            var pause = TimeSpan.FromMilliseconds(20 << Math.Min(attempt, 7));
            await Task.Delay(pause < LongestPause ? pause : LongestPause, _time);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called while the silo still takes and makes calls: it was registered after it, and so is stopped before it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        var startedAt = _time.GetTimestamp();
        while (!_lanes.IsEmpty && _time.GetElapsedTime(startedAt) < DrainTime && !cancellationToken.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, CancellationToken.None);
        if (!_lanes.IsEmpty) LogNotDrained(_lanes.Values.Sum(lane => lane.Count));
    }

    [LoggerMessage(LogLevel.Warning, "{Credits} credits for {Creator} were not delivered at attempt {Attempt}")]
    private partial void LogNotDelivered(Exception fault, int credits, string creator, int attempt);

    [LoggerMessage(LogLevel.Warning, "{Credits} credits are left to settlement")]
    private partial void LogNotDrained(int credits);

    /// <summary>One creator's waiting credits. It is open from its first credit until its deliverer finds it empty, and never again.</summary>
    private sealed class Lane
    {
        public enum Added { First, Behind, Closed }

        private readonly Lock _lock = new();
        private readonly Queue<(Credit Credit, DateTimeOffset RecordedAt)> _waiting = new();
        private bool _started;
        private bool _closed;
        private int _count;
        private DateTimeOffset? _underWay;
        private bool _fails;

        /// <summary>Credits not delivered yet, those under way included.</summary>
        public int Count => Volatile.Read(ref _count);

        /// <summary>When about the oldest gift of these credits was recorded. Null without credits, and while they fail: then settlement is welcome to them.</summary>
        public DateTimeOffset? Oldest
        {
            get
            {
                lock (_lock) return _fails ? null : _underWay ?? (_waiting.TryPeek(out var next) ? next.RecordedAt : null);
            }
        }

        public Added Add(Credit credit, DateTimeOffset recordedAt)
        {
            lock (_lock)
            {
                if (_closed) return Added.Closed;
                if (_waiting.Count >= MaxPendingPerCreator) return Added.Behind;   // safe to drop: settlement finds the debit
                _waiting.Enqueue((credit, recordedAt));
                _count++;
                if (_started) return Added.Behind;
                _started = true;
                return Added.First;
            }
        }

        /// <summary>The next credits, or null if there are none, and then the lane is closed.</summary>
        public Credit[]? Take(int limit)
        {
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _closed = true;
                    return null;
                }
                _underWay = _waiting.Peek().RecordedAt;
                var taken = new Credit[Math.Min(limit, _waiting.Count)];
                for (var i = 0; i < taken.Length; i++) taken[i] = _waiting.Dequeue().Credit;
                return taken;
            }
        }

        public void Delivered(int credits)
        {
            lock (_lock) (_count, _underWay, _fails) = (_count - credits, null, false);
        }

        public void Failed()
        {
            lock (_lock) _fails = true;
        }
    }
}
