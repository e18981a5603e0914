using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Wallets.Web.Operations;

/// <summary>
/// What this process tells of itself on the meter <c>Wallets</c>, second by second for two minutes. Only counts in memory: Prometheus
/// keeps the history, and the figures of other processes.
/// </summary>
public sealed class Figures(TimeProvider time) : BackgroundService
{
    private const int Seconds = 120;
    private const int Recent = 10;

    // Upper bounds of latency, each 1.2 times the one before, from 100 µs.
    private static readonly double[] Bounds = [.. Enumerable.Range(0, 72).Select(i => 0.0001 * Math.Pow(1.2, i))];

    private readonly Lock _lock = new();
    private readonly Queue<Second> _seconds = new();
    private readonly long[] _latency = new long[Bounds.Length];
    private readonly SortedDictionary<string, long> _refusals = [];
    private readonly Dictionary<string, double> _gauges = [];
    private long _appends, _fenced, _overloaded, _failed, _gifts;

    /// <summary>True if this process writes to the ledger; a gateway does not.</summary>
    public bool HasLedger { get; private set; }

    /// <summary>The figures of the last seconds.</summary>
    public FiguresView Read()
    {
        lock (_lock)
        {
            var recent = _seconds.TakeLast(Recent).ToArray();
            var latency = new long[Bounds.Length];
            foreach (var second in recent)
                for (var i = 0; i < latency.Length; i++) latency[i] += second.Latency[i];
            return new FiguresView(
                [.. _seconds.Select(second => second.Appends)],
                recent.Length == 0 ? 0 : (double)recent.Sum(second => second.Appends) / recent.Length,
                Percentile(latency, 0.5), Percentile(latency, 0.99), _fenced, _overloaded, _failed, _gifts,
                Gauge("wallets.ledger.queue.length"), Gauge("wallets.relay.pending"), Gauge("wallets.in_flight"), Gauge("wallets.in_flight.oldest"),
                [.. _refusals.OrderByDescending(refusal => refusal.Value).Take(6)]);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = new MeterListener { InstrumentPublished = Listen };
        listener.SetMeasurementEventCallback<double>(Measured);
        listener.SetMeasurementEventCallback<long>(Counted);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, state) => Counted(instrument, value, tags, state));
        listener.Start();
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stoppingToken))
            {
                lock (_lock) _gauges.Clear();
                listener.RecordObservableInstruments();
                Tick();
            }
        }
        catch (OperationCanceledException)
        {
            return;   // the process stops
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            _seconds.Enqueue(new Second(_appends, [.. _latency]));
            if (_seconds.Count > Seconds) _seconds.Dequeue();
            _appends = 0;
            Array.Clear(_latency);
        }
    }

    private void Listen(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter.Name != "Wallets") return;
        if (instrument.Name == "wallets.ledger.append.duration") HasLedger = true;
        if (instrument.Name == "wallets.ledger.batch.size") return;
        listener.EnableMeasurementEvents(instrument);
    }

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        lock (_lock)
        {
            if (instrument.Name == "wallets.ledger.append.duration")
            {
                _appends++;
                var bound = Array.BinarySearch(Bounds, value);
                _latency[Math.Min(bound < 0 ? ~bound : bound, Bounds.Length - 1)]++;
            }
            else
            {
                _gauges[instrument.Name] = value;
            }
        }
    }

    private void Counted(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        lock (_lock)
        {
            switch (instrument.Name)
            {
                case "wallets.ledger.fenced": _fenced += value; break;
                case "wallets.ledger.overloaded": _overloaded += value; break;
                case "wallets.ledger.flush.failures": _failed += value; break;
                case "wallets.gifts": _gifts += value; break;
                case "wallets.refusals":
                    var code = tags.Length > 0 ? tags[0].Value?.ToString() ?? "" : "";
                    _refusals[code] = _refusals.GetValueOrDefault(code) + value;
                    break;
                default:
                    if (instrument.IsObservable) _gauges[instrument.Name] = _gauges.GetValueOrDefault(instrument.Name) + value;
                    break;
            }
        }
    }

    private double Gauge(string name) => _gauges.GetValueOrDefault(name);

    private static double Percentile(long[] latency, double share)
    {
        var wanted = (long)Math.Ceiling(latency.Sum() * share);
        if (wanted == 0) return 0;
        long seen = 0;
        for (var i = 0; i < latency.Length; i++)
            if ((seen += latency[i]) >= wanted) return Bounds[i];
        return Bounds[^1];
    }

    private sealed record Second(long Appends, long[] Latency);
}

/// <summary>Counts are since the process started; rates and latencies over the last ten seconds.</summary>
/// <param name="AppendsBySecond">The last two minutes, oldest first.</param>
/// <param name="Median">Seconds from an append's arrival to its commit.</param>
/// <param name="OldestInFlight">Seconds.</param>
public sealed record FiguresView(
    long[] AppendsBySecond, double AppendsPerSecond, double Median, double P99, long Fenced, long Overloaded, long FailedFlushes, long Gifts,
    double Queue, double RelayPending, double InFlight, double OldestInFlight, KeyValuePair<string, long>[] Refusals);
