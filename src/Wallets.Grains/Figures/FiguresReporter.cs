using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wallets.Ledger;

namespace Wallets.Grains.Figures;

/// <summary>Listens to this silo's own meter and reports every second what it heard. A report that is lost leaves a gap in a picture, no more.</summary>
internal sealed partial class FiguresReporter(IMeterFactory meters, ILocalSiloDetails silo, IGrainFactory grains, TimeProvider time, ILogger<FiguresReporter> logger) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _now = [];
    private readonly Dictionary<string, long> _refusals = [];
    private long[] _latency = new long[Latencies.Steps];
    private long _fenced, _overloaded, _failedFlushes;

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
                listener.RecordObservableInstruments();
                await Report();
            }
        }
        catch (OperationCanceledException)
        {
            return;   // the silo stops
        }
    }

    private async Task Report()
    {
        try
        {
            await grains.GetGrain<IFiguresIntake>(IFiguresGrain.Key).Report($"{silo.SiloAddress}", Take());
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            LogNotReported(fault);
        }
    }

    private SiloFigures Take()
    {
        lock (_lock)
        {
            var latency = _latency;
            _latency = new long[Latencies.Steps];
            return new SiloFigures(
                latency, _fenced, _overloaded, _failedFlushes, Now("wallets.gifts"), Now("wallets.ledger.queue.length"), Now("wallets.relay.pending"), Now("wallets.in_flight"),
                _now.GetValueOrDefault("wallets.in_flight.oldest"), new(_refusals));
        }
    }

    private long Now(string gauge) => (long)_now.GetValueOrDefault(gauge);

    private void Listen(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter.Name == LedgerMetrics.MeterName && instrument.Meter.Scope == meters && instrument.Name != "wallets.ledger.batch.size") listener.EnableMeasurementEvents(instrument);
    }

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        lock (_lock)
        {
            if (instrument.Name == "wallets.ledger.append.duration") _latency[Latencies.StepOf(value)]++;
            else _now[instrument.Name] = value;
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
                case "wallets.ledger.flush.failures": _failedFlushes += value; break;
                case "wallets.refusals":
                    var code = tags.Length > 0 ? $"{tags[0].Value}" : "";
                    _refusals[code] = _refusals.GetValueOrDefault(code) + value;
                    break;
                default:
                    if (instrument.IsObservable) _now[instrument.Name] = value;
                    break;
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "This second's figures could not be reported")]
    private partial void LogNotReported(Exception fault);
}
