using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Wallets.Grains.Streams;

/// <summary>The list of live streams as streams and the cluster's clock call it. Key: <see cref="IStreamListGrain.Key"/>.</summary>
[Alias("stream-rounds")]
internal interface IStreamRounds : IGrainWithStringKey
{
    /// <summary>Stores that a stream is live, or about to be; refused if too many are. Interleaves, because a stream asks it while it is being asked.</summary>
    [AlwaysInterleave, Alias("enter")] Task<Refusal?> Enter(ListedStream stream);

    /// <summary>The stream has ended.</summary>
    [OneWay, AlwaysInterleave, Alias("leave")] Task Leave(Guid stream);

    [Alias("run")] Task Run();
}

/// <summary>A stream as the list asks it.</summary>
[Alias("listed")]
internal interface IListed : IGrainWithGuidKey
{
    /// <summary>What is shown of it; null if it is not live. Does not interleave: a stream that is about to start answers once it has.</summary>
    [Alias("tell")] Task<ListedStream?> Tell();
}

/// <summary>
/// Who is live. What is stored is which streams, by number in the order they came, and that before they start; what is shown of them they
/// tell every few seconds. Those that have ended, or never did start because something died, are dropped then. No gift passes here, and
/// no start depends on it.
/// </summary>
internal sealed partial class StreamListGrain(
    [PersistentState("stream-list")] IPersistentState<RoundsState<long>> state,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<StreamListGrain> logger) : RoundsGrain<long>(state), IStreamListGrain, IStreamRounds
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatienceWithStreams = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Guid, ListedStream> _told = [];
    private Task _round = Task.CompletedTask;
    private long _roundAt;
    private bool _hasAsked;   // since it was activated
    private long _last;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _last = Open.Values.DefaultIfEmpty().Max();
        return Task.CompletedTask;
    }

    public async Task<Refusal?> Enter(ListedStream stream)
    {
        if (!Open.ContainsKey(stream.StreamId))
        {
            if (Open.Count >= options.Value.MostStreamsListed) return new Refusal(Refusal.ListFull, $"{Open.Count} streams are listed as live; there is no room for more.");
            _last++;
        }
        await Add(stream.StreamId, _last);
        _told[stream.StreamId] = stream;
        return null;
    }

    public Task Leave(Guid stream)
    {
        _told.Remove(stream);
        return Remove([stream]);
    }

    public async Task<Outcome<Page<ListedStream>>> GetPage(long after, int limit)
    {
        if (!_hasAsked) await Task.WhenAny(Round(), Task.Delay(PatienceWithStreams, time));   // who does not answer now is shown later
        limit = Math.Clamp(limit, 1, IStreamListGrain.MostOnAPage);
        var page = Open.Where(open => (after == 0 || open.Value < after) && _told.ContainsKey(open.Key)).OrderByDescending(open => open.Value).Take(limit).ToList();
        return new Page<ListedStream>([.. page.Select(open => _told[open.Key])], page.Count == limit ? $"{page[^1].Value}" : null);
    }

    public Task Run() => _hasAsked && time.GetElapsedTime(_roundAt) < Interval ? Task.CompletedTask : Round();

    private Task Round() => _round.IsCompleted ? _round = AskStreams() : _round;

    private async Task AskStreams()
    {
        _roundAt = time.GetTimestamp();
        await AskAll();
        foreach (var stream in _told.Keys.Where(stream => !Open.ContainsKey(stream)).ToList()) _told.Remove(stream);
        _hasAsked = true;
    }

    protected override async Task<bool> IsOver(Guid id)
    {
        if (await GrainFactory.GetGrain<IListed>(id).Tell() is not { } stream) return true;
        if (Open.ContainsKey(id)) _told[id] = stream;
        return false;
    }

    protected override void LogNotAsked(Exception fault, Guid id) => LogNotTold(fault, id);

    [LoggerMessage(LogLevel.Warning, "Stream {Stream} did not say whether it is live")]
    private partial void LogNotTold(Exception fault, Guid stream);
}
