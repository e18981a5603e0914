using System.Diagnostics;
using HdrHistogram;

namespace Wallets.Benchmarks.Load;

/// <summary>
/// What a load saw: gifts that were acknowledged, those that failed, and how long each took, in microseconds to three digits.
/// Safe to be written by all workers at once.
/// </summary>
internal sealed class Tally
{
    private const long LongestMicroseconds = 120_000_000;
    private readonly LongConcurrentHistogram _latencies = new(1, LongestMicroseconds, 3);
    private long _gifts;
    private long _failures;
    private Exception? _firstFault;

    public long Gifts => Volatile.Read(ref _gifts);
    public long Failures => Volatile.Read(ref _failures);
    public Exception? FirstFault => _firstFault;

    public void Sent(int gifts, long since)
    {
        var microseconds = (long)Stopwatch.GetElapsedTime(since).TotalMicroseconds;
        _latencies.RecordValue(Math.Clamp(microseconds, 1, LongestMicroseconds));
        Interlocked.Add(ref _gifts, gifts);
    }

    public void Failed(int gifts, Exception fault)
    {
        Interlocked.Add(ref _failures, gifts);
        Interlocked.CompareExchange(ref _firstFault, fault, null);
    }

    public Latency Latency() => new(
        Milliseconds(50), Milliseconds(99), Milliseconds(99.9), _latencies.TotalCount == 0 ? 0 : _latencies.GetMaxValue() / 1000.0);

    private double Milliseconds(double percentile) => _latencies.TotalCount == 0 ? 0 : _latencies.GetValueAtPercentile(percentile) / 1000.0;
}

/// <summary>Quantiles of a latency, in milliseconds.</summary>
internal sealed record Latency(double P50, double P99, double P999, double Max);
