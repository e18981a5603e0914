using Orleans.Concurrency;

namespace Wallets;

/// <summary>Who is live now. Key: <see cref="Key"/>.</summary>
[Alias("stream-list")]
public interface IStreamListGrain : IGrainWithStringKey
{
    const string Key = "streams";

    /// <summary>The most streams that a page has, whatever is asked for.</summary>
    const int MostOnAPage = 500;

    /// <summary>
    /// Live streams, the latest first. A stream comes with its start and goes with its end, within moments; after a crash within seconds.
    /// </summary>
    /// <param name="after">The <see cref="Page{T}.Next"/> of the page before; 0 for the first.</param>
    [AlwaysInterleave, Alias("page")] Task<Outcome<Page<ListedStream>>> GetPage(long after, int limit);
}

/// <summary>A stream in the list of those that are live.</summary>
/// <param name="Status">Always <c>live</c>.</param>
/// <param name="Totals">Of the settled gifts, as of some seconds ago.</param>
[GenerateSerializer, Immutable, Alias("listed-stream")]
public sealed record ListedStream(Guid StreamId, string CreatorId, string Title, string Status, DateTimeOffset StartedAt, StreamTotals Totals);
