using Microsoft.AspNetCore.SignalR;
using Wallets.Grains.Streams;

namespace Wallets.Server.Api;

/// <summary>
/// This gateway's side of the streams that somebody watches through it: one conversation with each stream's grain, however many watch.
/// It asks for the next frame from the one it has, so that a grain that has moved, or whose silo has died, is asked again and nothing
/// is missing or told twice. A gateway that cannot send as fast as frames come gets fewer and larger ones; and sending takes a tenth of its
/// time at the most, because it has gifts to carry.
/// </summary>
internal sealed partial class LiveFeed(IGrainFactory grains, IHubContext<LiveHub> hub, TimeProvider time, ILogger<LiveFeed> logger) : IHostedService
{
    private const string Message = "frame";

    /// <summary>How long the next frame waits for the slowest viewers of the last one. They get it all the same, or lose their connection.</summary>
    private static readonly TimeSpan PatienceWithTheSlow = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a gateway rests from a stream after a frame, as a multiple of what sending it took.</summary>
    private const int RestAfterFrame = 9;

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceWithTheStream = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer may take: the stream gives one after two seconds at the latest.</summary>
    private static readonly TimeSpan PatienceWithTheGrain = TimeSpan.FromSeconds(4);

    private readonly Dictionary<Guid, Channel> _channels = [];

    public static string GroupOf(Guid streamId) => streamId.ToString();

    public void Watch(Guid streamId)
    {
        lock (_channels)
        {
            if (!_channels.TryGetValue(streamId, out var channel))
            {
                _channels[streamId] = channel = new Channel(streamId);
                _ = Task.Run(() => Run(channel));   // until nobody watches
            }
            channel.Watchers++;
        }
    }

    public void Unwatch(Guid streamId)
    {
        lock (_channels)
        {
            if (!_channels.TryGetValue(streamId, out var channel) || --channel.Watchers > 0) return;
            _channels.Remove(streamId);
            channel.Stopped.Cancel();
        }
    }

    /// <summary>Sends a viewer what came after a frame, or a snapshot, and from then on every frame. The stream must be watched.</summary>
    public async Task<StreamView> Begin(Guid streamId, string connectionId, string? epoch, long number)
    {
        Channel channel;
        lock (_channels) channel = _channels[streamId];
        Outcome<StreamView> view;
        try
        {
            view = await channel.View.Task.WaitAsync(PatienceWithTheStream, time);
        }
        catch (TimeoutException)
        {
            throw new HubException("unavailable");
        }
        if (!view.IsOk) throw new HubException(view.Refusal.Code);

        Task sending;
        await channel.Gate.WaitAsync();
        try
        {
            var feed = channel.Feed!;
            var first = epoch is null ? feed.Snapshot : feed.Between(epoch, number, feed.Number) ?? await Ask(streamId, epoch, number, feed) ?? feed.Snapshot;
            sending = hub.Clients.Client(connectionId).SendAsync(Message, first);   // begun before any later frame's
            await hub.Groups.AddToGroupAsync(connectionId, GroupOf(streamId));
            view = view.Value with { Status = feed.Last.Status, Totals = feed.Last.Totals, Top = feed.Last.Top };
        }
        finally
        {
            channel.Gate.Release();
        }
        await sending;
        return view.Value!;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_channels)
            foreach (var channel in _channels.Values) channel.Stopped.Cancel();
        return Task.CompletedTask;
    }

    /// <summary>This gateway may not have seen the frame that a viewer of another one saw; the stream may remember.</summary>
    private async Task<StreamFrame?> Ask(Guid streamId, string epoch, long number, Feed feed)
    {
        if (epoch != feed.Epoch || number > feed.Number) return null;
        try
        {
            var missed = await grains.GetGrain<IStreamGrain>(streamId).ReadFrame(epoch, number, feed.Number).WaitAsync(PatienceWithTheGrain, time);
            return missed.Value is { IsSnapshot: false } frame ? frame : null;
        }
        catch (Exception fault)
        {
            LogNoFrame(fault, streamId);   // a snapshot does as well
            return null;
        }
    }

    private async Task Run(Channel channel)
    {
        var pause = FirstPause;
        var stop = channel.Stopped.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!await Follow(channel, stop)) return;
                pause = FirstPause;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogNoFrame(fault, channel.StreamId);   // asked again: where the stream's silo has died, another one has it soon
                await Task.Delay(pause, time, CancellationToken.None);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Asks for the next frame and sends it on; false if there is no such stream.</summary>
    private async Task<bool> Follow(Channel channel, CancellationToken stop)
    {
        var grain = grains.GetGrain<IStreamGrain>(channel.StreamId);
        if (!channel.View.Task.IsCompleted)
        {
            var view = await grain.GetView().WaitAsync(PatienceWithTheGrain, time, stop);
            if (!view.IsOk)
            {
                channel.View.SetResult(view);
                return false;
            }
            channel.Feed = new((await grain.NextFrame(null, 0).WaitAsync(PatienceWithTheGrain, time, stop)).Value!);
            channel.View.SetResult(view);
        }

        var frame = (await grain.NextFrame(channel.Feed!.Epoch, channel.Feed.Number).WaitAsync(PatienceWithTheGrain, time, stop)).Value;
        if (frame is null || (!frame.IsSnapshot && frame.After == frame.Number)) return true;
        await channel.Gate.WaitAsync(stop);
        var begunAt = time.GetTimestamp();
        Task sending;
        try
        {
            if (channel.Feed.IsNext(frame)) channel.Feed.Add(frame);
            else if (frame.IsSnapshot) channel.Feed = new(frame);
            else return true;
            sending = hub.Clients.Group(GroupOf(channel.StreamId)).SendAsync(Message, frame, CancellationToken.None);
        }
        finally
        {
            channel.Gate.Release();
        }
        await Task.Factory.StartNew(static () => { }, stop, TaskCreationOptions.PreferFairness, TaskScheduler.Default);   // behind all that the frame gave the thread pool to do
        var rest = time.GetElapsedTime(begunAt) * RestAfterFrame;
        await Task.WhenAny(sending, Task.Delay(PatienceWithTheSlow, time, stop));
        await Task.Delay(rest < LongestRest ? rest : LongestRest, time, stop);
        return true;
    }

    [LoggerMessage(LogLevel.Debug, "No frame for stream {Stream}")]
    private partial void LogNoFrame(Exception fault, Guid stream);

    /// <summary>A stream that somebody watches. <see cref="Feed"/> changes, and viewers begin, with the gate held, so that each begins between two frames.</summary>
    private sealed class Channel(Guid streamId)
    {
        public Guid StreamId { get; } = streamId;
        public int Watchers { get; set; }
        public SemaphoreSlim Gate { get; } = new(1, 1);
        public CancellationTokenSource Stopped { get; } = new();
        public TaskCompletionSource<Outcome<StreamView>> View { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public Feed? Feed { get; set; }
    }
}
