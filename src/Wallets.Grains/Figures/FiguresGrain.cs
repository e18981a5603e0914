using Orleans.Concurrency;

namespace Wallets.Grains.Figures;

/// <summary>Takes the silos' reports.</summary>
[Alias("figures-intake")]
internal interface IFiguresIntake : IGrainWithStringKey
{
    [OneWay, Alias("report")] Task Report(string silo, SiloFigures figures);
}

/// <summary>Adds up what the silos report. It begins anew wherever it is activated, and is full again within two minutes.</summary>
internal sealed class FiguresGrain(TimeProvider time) : Grain, IFiguresGrain, IFiguresIntake
{
    private const int Seconds = 120;
    private const int Recent = 10;
    private const int MostRefusals = 6;

    private readonly Dictionary<string, (SiloFigures Figures, long Second)> _silos = [];
    private readonly Dictionary<long, long[]> _latency = [];

    private long Second => time.GetUtcNow().ToUnixTimeSeconds();

    public Task Report(string silo, SiloFigures figures)
    {
        var now = Second;
        _silos[silo] = (figures, now);
        foreach (var gone in _silos.Where(known => known.Value.Second < now - Recent).ToList()) _silos.Remove(gone.Key);
        foreach (var old in _latency.Keys.Where(second => second < now - Seconds).ToList()) _latency.Remove(old);
        _latency[now] = Sum([_latency.GetValueOrDefault(now, []), figures.Latency]);
        return Task.CompletedTask;
    }

    public Task<Outcome<FiguresView>> Get(Caller caller) =>
        Task.FromResult<Outcome<FiguresView>>(caller.Is(Roles.Operator) ? Add() : new Refusal(Refusal.Forbidden, "The figures are for operators."));

    private FiguresView Add()
    {
        var now = Second;   // which is not over, and so not shown
        long[][] seconds = [.. Enumerable.Range(0, Seconds).Select(i => _latency.GetValueOrDefault(now - Seconds + i, []))];
        var recent = Sum(seconds[^Recent..]);
        SiloFigures[] silos = [.. _silos.Values.Where(silo => silo.Second >= now - Recent).Select(silo => silo.Figures)];
        var refusals = silos.SelectMany(silo => silo.Refusals).GroupBy(refusal => refusal.Key, (code, counts) => new RefusalCount(code, counts.Sum(count => count.Value)));
        return new FiguresView(
            silos.Length, [.. seconds.Select(second => second.Sum())], (double)recent.Sum() / Recent, Latencies.Percentile(recent, 0.5), Latencies.Percentile(recent, 0.99),
            silos.Sum(silo => silo.Fenced), silos.Sum(silo => silo.Overloaded), silos.Sum(silo => silo.FailedFlushes), silos.Sum(silo => silo.Gifts),
            silos.Sum(silo => silo.Queue), silos.Sum(silo => silo.RelayPending), silos.Sum(silo => silo.InFlight), silos.Select(silo => silo.OldestInFlight).DefaultIfEmpty().Max(),
            [.. refusals.OrderByDescending(refusal => refusal.Count).ThenBy(refusal => refusal.Code, StringComparer.Ordinal).Take(MostRefusals)]);
    }

    private static long[] Sum(IEnumerable<long[]> counts)
    {
        var sum = new long[Latencies.Steps];
        foreach (var some in counts)
            for (var i = 0; i < some.Length; i++) sum[i] += some[i];
        return sum;
    }
}
