using Orleans.Concurrency;

namespace Wallets;

/// <summary>What the silos count, gathered from all of them every second, for operators. Key: <see cref="Key"/>.</summary>
[Alias("figures")]
public interface IFiguresGrain : IGrainWithStringKey
{
    const string Key = "figures";

    [ReadOnly, Alias("get")] Task<Outcome<FiguresView>> Get(Caller caller);
}

/// <summary>
/// Of the silos that were heard of in the last ten seconds. Counts are since each of them started; rates and latencies over the last ten seconds.
/// Only in memory: a history is kept by whatever gathers the silos' metrics.
/// </summary>
/// <param name="AppendsBySecond">The last two minutes, oldest first.</param>
/// <param name="Median">Seconds from an append's arrival to its commit, rounded up by a fifth at most.</param>
/// <param name="P99">As <paramref name="Median"/>.</param>
/// <param name="Fenced">Appends that lost their seq to another writer.</param>
/// <param name="Overloaded">Appends refused because a queue was full.</param>
/// <param name="Queue">Appends that wait for a flush.</param>
/// <param name="RelayPending">Credits to deliver.</param>
/// <param name="InFlight">Gifts still without credit after the grace.</param>
/// <param name="OldestInFlight">Seconds.</param>
/// <param name="Refusals">The most frequent codes, first the most frequent.</param>
[GenerateSerializer, Immutable, Alias("figures-view")]
public sealed record FiguresView(
    int Silos, long[] AppendsBySecond, double AppendsPerSecond, double Median, double P99, long Fenced, long Overloaded, long FailedFlushes, long Gifts,
    long Queue, long RelayPending, long InFlight, double OldestInFlight, RefusalCount[] Refusals)
{
    public static FiguresView None { get; } = new(0, [], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, []);
}

[GenerateSerializer, Immutable, Alias("refusal-count")]
public sealed record RefusalCount(string Code, long Count);
