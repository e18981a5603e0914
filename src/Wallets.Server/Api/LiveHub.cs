using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Wallets.Server.Api;

/// <summary>
/// A stream's feed for viewers, at <c>/live</c>. <c>Join</c> answers with the stream; before that comes a snapshot and after it every frame,
/// all as message <c>frame</c>. A viewer who comes back says with <c>Resume</c> which frame was the last one, and goes on from there: with what
/// was missed, or with a snapshot if that is too long ago or the stream's memory began anew. Anybody may watch, as anybody may read a stream.
/// </summary>
internal sealed class LiveHub(LiveFeed feed) : Hub
{
    private const int MostStreamsPerConnection = 20;
    private const int MostEpochLength = 64;

    /// <summary>The streams this connection watches. A connection may break while it joins, so each is taken out once.</summary>
    private ConcurrentDictionary<Guid, bool> Joined => (ConcurrentDictionary<Guid, bool>)(Context.Items[nameof(Joined)] ??= new ConcurrentDictionary<Guid, bool>());

    public Task<StreamView> Join(string streamId) => Watch(streamId, null, 0);

    /// <param name="streamId">The stream.</param>
    /// <param name="epoch">The epoch of the last frame that came.</param>
    /// <param name="number">Its number.</param>
    public Task<StreamView> Resume(string streamId, string epoch, long number)
    {
        if (string.IsNullOrEmpty(epoch) || epoch.Length > MostEpochLength || number < 0) throw new HubException("invalid_frame");
        return Watch(streamId, epoch, number);
    }

    public async Task Leave(string streamId)
    {
        var id = Parse(streamId);
        if (!Joined.TryRemove(id, out _)) return;
        await Groups.RemoveFromGroupAsync(Context.ConnectionId, LiveFeed.GroupOf(id));
        feed.Unwatch(id);
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        foreach (var id in Joined.Keys)
            if (Joined.TryRemove(id, out _)) feed.Unwatch(id);
        return base.OnDisconnectedAsync(exception);
    }

    private async Task<StreamView> Watch(string streamId, string? epoch, long number)
    {
        var id = Parse(streamId);
        var isNew = !Joined.ContainsKey(id);
        if (isNew && Joined.Count >= MostStreamsPerConnection) throw new HubException("too_many_streams");
        if (isNew) feed.Watch(id);
        try
        {
            var view = await feed.Begin(id, Context.ConnectionId, epoch, number);
            if (isNew) Joined[id] = true;
            isNew = false;
            return view;
        }
        finally
        {
            if (isNew) feed.Unwatch(id);
            if (Context.ConnectionAborted.IsCancellationRequested && Joined.TryRemove(id, out _)) feed.Unwatch(id);
        }
    }

    private static Guid Parse(string streamId) =>
        Guid.TryParseExact(streamId, "D", out var id) && id != Guid.Empty ? id : throw new HubException(Refusal.UnknownStream);
}
