using System.Diagnostics.Metrics;

namespace Wallets.Ledger;

/// <summary>What the ledger tells its operators, on the meter <c>Wallets</c>.</summary>
public sealed class LedgerMetrics
{
    public const string MeterName = "Wallets";

    private readonly Histogram<double> _latency;
    private readonly Histogram<int> _batchSize;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _overloaded;
    private readonly Counter<long> _failedFlushes;

    public LedgerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _latency = meter.CreateHistogram<double>("wallets.ledger.append.duration", "s", "From an append's arrival in the queue to the end of its commit.",
            advice: new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] });
        _batchSize = meter.CreateHistogram<int>("wallets.ledger.batch.size", "{entry}", "Entries per flush.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] });
        _fenced = meter.CreateCounter<long>("wallets.ledger.fenced", "{append}", "Appends that lost their seq to another writer.");
        _duplicates = meter.CreateCounter<long>("wallets.ledger.duplicates", "{append}", "Appends whose transfer the account held already.");
        _overloaded = meter.CreateCounter<long>("wallets.ledger.overloaded", "{append}", "Appends refused because the queue was full.");
        _failedFlushes = meter.CreateCounter<long>("wallets.ledger.flush.failures", "{flush}", "Flushes that the database failed.");
        meter.CreateObservableGauge("wallets.ledger.queue.length", () => QueueLength(), "{append}", "Appends waiting for a flush.");
    }

    internal Func<int> QueueLength { get; set; } = () => 0;

    internal void Flushed(int entries) => _batchSize.Record(entries);

    internal void Ended(AppendStatus status, TimeSpan duration)
    {
        switch (status)
        {
            case AppendStatus.Committed: _latency.Record(duration.TotalSeconds); break;
            case AppendStatus.Fenced: _fenced.Add(1); break;
            case AppendStatus.Duplicate: _duplicates.Add(1); break;
        }
    }

    internal void Overloaded() => _overloaded.Add(1);

    internal void FlushFailed() => _failedFlushes.Add(1);
}
