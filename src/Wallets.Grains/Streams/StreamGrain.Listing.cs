using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Streams;

/// <summary>How the stream comes onto the list of those that are live, and off it.</summary>
internal sealed partial class StreamGrain
{
    /// <summary>How long a start waits to be on the list first.</summary>
    private static readonly TimeSpan PatienceWithTheList = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan EnterAgainAfter = TimeSpan.FromSeconds(10);

    private bool _isListed;   // as far as this activation knows
    private long _enteredAt;

    public async Task<ListedStream?> Tell()
    {
        if (State.CreatorId is null || State.EndedAt is not null) return null;
        if (_heardAt == 0) await CatchUp();
        return ListedAs(State);
    }

    /// <summary>Before the start is stored, so that no stream is live that the list does not ask; or later, if the list is out of reach or full just now.</summary>
    private Task EnterBeforeStart(StreamState begun) => Task.WhenAny(Enter(begun), Task.Delay(PatienceWithTheList, time));

    /// <summary>Whoever asks for a live stream sees to it that it is on the list.</summary>
    private void KeepListed()
    {
        if (_isListed || State.CreatorId is null || State.EndedAt is not null) return;
        if (_enteredAt != 0 && time.GetElapsedTime(_enteredAt) < EnterAgainAfter) return;
        _ = Enter(State);   // safe to lose because whoever asks next tries again
    }

    private async Task Enter(StreamState live)
    {
        _enteredAt = time.GetTimestamp();
        try
        {
            var refusal = await GrainFactory.GetGrain<IStreamRounds>(IStreamListGrain.Key).Enter(ListedAs(live));
            _isListed = refusal is null;
            if (refusal is not null) LogRefused(this.GetPrimaryKey(), refusal.Detail);
        }
        catch (Exception fault)
        {
            LogNotListed(fault, this.GetPrimaryKey());
        }
    }

    /// <summary>Safe to lose because the list asks.</summary>
    private void LeaveList() => GrainFactory.GetGrain<IStreamRounds>(IStreamListGrain.Key).Leave(this.GetPrimaryKey()).Ignore();

    private ListedStream ListedAs(StreamState live) => new(this.GetPrimaryKey(), live.CreatorId!, live.Title, StreamView.Live, live.StartedAt, Totals);

    [LoggerMessage(LogLevel.Warning, "Stream {Stream} is live and not on the list of live streams: {Reason}")]
    private partial void LogRefused(Guid stream, string reason);

    [LoggerMessage(LogLevel.Warning, "Stream {Stream} could not be put on the list of live streams; it is tried again")]
    private partial void LogNotListed(Exception fault, Guid stream);
}
