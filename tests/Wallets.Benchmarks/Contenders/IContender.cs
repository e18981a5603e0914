using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>What a load calls.</summary>
internal interface ISender
{
    /// <summary>1, or how many gifts go in one call.</summary>
    int GiftsPerSend { get; }

    /// <summary>Sends <see cref="GiftsPerSend"/> gifts; throws unless all of them are durable, each once.</summary>
    Task Send(ReadOnlyMemory<DrawnGift> gifts);
}

/// <summary>
/// One way of moving gifts, with processes and a PostgreSQL cluster of its own. All get the same work: debit one wallet, credit one
/// creator, once per key, durably. A send is acknowledged when its debit is durable; <see cref="Settle"/> waits for the credits,
/// and the time it takes counts.
/// </summary>
internal interface IContender : ISender, IAsyncDisposable
{
    /// <summary>As in reports and in <c>--contenders</c>.</summary>
    string Name { get; }

    /// <summary>What it is, in one line.</summary>
    string Description { get; }

    /// <summary>How many sends at once are tried to find the peak, rising.</summary>
    IReadOnlyList<int> Levels { get; }

    PostgresServer Postgres { get; }

    /// <summary>Processes other than the database and this one, by name.</summary>
    IReadOnlyDictionary<string, int> Pids { get; }

    /// <summary>Starts everything, funds all wallets and brings every account into memory where the contender keeps it there.</summary>
    Task Prepare(Population population);

    /// <summary>Returns once every gift acknowledged so far has been credited; throws if that does not come about.</summary>
    Task Settle();
}

/// <summary>What every contender does the same way.</summary>
internal static class Concurrently
{
    /// <summary>Does something for 0 … count−1, so many at once.</summary>
    public static Task ForEach(int count, int atOnce, Func<int, Task> act)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next)) await act(i);
        })));
    }
}
