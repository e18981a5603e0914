using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Wallets.Server.Api;

/// <summary>
/// A stream's feed for viewers, at <c>/live</c>: <c>Join</c> answers with the stream so far, then frames come as message
/// <c>frame</c> until <c>Leave</c>.
/// </summary>
internal sealed class LiveHub(IGrainFactory grains, LiveFeed feed) : Hub
{
    private const int MostStreamsPerConnection = 20;

    /// <summary>The streams this connection watches.</summary>
    private HashSet<Guid> Joined => (HashSet<Guid>)(Context.Items[nameof(Joined)] ??= new HashSet<Guid>());

    public async Task<StreamView> Join(string streamId)
    {
        var id = Parse(streamId);
        var view = await grains.GetGrain<IStreamGrain>(id).GetView();
        if (!view.IsOk) throw new HubException(view.Refusal!.Code);
        if (Joined.Count >= MostStreamsPerConnection) throw new HubException("too_many_streams");
        if (Joined.Add(id))
        {
            await Groups.AddToGroupAsync(Context.ConnectionId, LiveFeed.GroupOf(id));
            feed.Watch(id);
        }
        return view.Value!;
    }

    public async Task Leave(string streamId)
    {
        var id = Parse(streamId);
        if (!Joined.Remove(id)) return;
        feed.Unwatch(id);
        await Groups.RemoveFromGroupAsync(Context.ConnectionId, LiveFeed.GroupOf(id));
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        foreach (var id in Joined) feed.Unwatch(id);
        return base.OnDisconnectedAsync(exception);
    }

    private static Guid Parse(string streamId) => Guid.TryParseExact(streamId, "D", out var id) ? id : throw new HubException(Refusal.UnknownStream);
}

/// <summary>Asks each watched stream for what is new, once for all of this gateway's viewers, and sends it to them. Safe to lose: the next frame has the totals.</summary>
internal sealed partial class LiveFeed(IGrainFactory grains, IHubContext<LiveHub> hub, TimeProvider time, ILogger<LiveFeed> logger) : BackgroundService
{
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<Guid, int> _watchers = new();
    private readonly Dictionary<Guid, long> _sent = [];

    public static string GroupOf(Guid streamId) => streamId.ToString();

    public void Watch(Guid streamId) => _watchers.AddOrUpdate(streamId, 1, (_, watchers) => watchers + 1);

    public void Unwatch(Guid streamId)
    {
        if (_watchers.AddOrUpdate(streamId, 0, (_, watchers) => watchers - 1) <= 0) _watchers.TryRemove(KeyValuePair.Create(streamId, 0));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(FrameInterval, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var gone in _sent.Keys.Where(id => !_watchers.ContainsKey(id)).ToList()) _sent.Remove(gone);
                await Task.WhenAll(_watchers.Keys.Select(SendFrame).ToList());
            }
        }
        catch (OperationCanceledException)
        {
            return;   // the gateway stops
        }
    }

    private async Task SendFrame(Guid streamId)
    {
        try
        {
            long sent;
            lock (_sent) sent = _sent.GetValueOrDefault(streamId, -1);
            var frame = await grains.GetGrain<IStreamGrain>(streamId).GetFrame(Math.Max(sent, 0));
            if (frame.Value is not { } news || news.Seq == sent) return;
            lock (_sent) _sent[streamId] = news.Seq;
            // The first frame only says where this gateway begins: who joined has been told what came before.
            await hub.Clients.Group(GroupOf(streamId)).SendAsync("frame", sent < 0 ? news with { Gifts = [] } : news);
        }
        catch (Exception fault)
        {
            LogNoFrame(fault, streamId);
        }
    }

    [LoggerMessage(LogLevel.Debug, "No frame for stream {Stream}")]
    private partial void LogNoFrame(Exception fault, Guid stream);
}
