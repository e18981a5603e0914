using System.Collections.Concurrent;

namespace Wallets.Web.Live;

/// <summary>
/// A stream's news for the pages of this process: however many watch, the stream is asked once. Safe to lose: the next frame has the
/// totals, and a page that joins is told what came before.
/// </summary>
public sealed class StreamWatch(IGrainFactory grains, TimeProvider time)
{
    private static readonly TimeSpan PauseAfterFaults = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<Guid, Watched> _streams = new();

    /// <summary>Calls <paramref name="hear"/> with each new frame until the result is disposed.</summary>
    public IDisposable Watch(Guid streamId, Action<StreamFrame> hear)
    {
        while (true)
        {
            var watched = _streams.GetOrAdd(streamId, id => new Watched(id));
            lock (watched)
            {
                if (watched.IsOver) continue;
                watched.Hear += hear;
                if (watched.Watchers++ == 0) _ = Ask(watched);
                return new Watcher(this, watched, hear);
            }
        }
    }

    private async Task Ask(Watched watched)
    {
        var stream = grains.GetGrain<IStreamGrain>(watched.StreamId);
        StreamFrame? last = null;
        while (!watched.IsOver)
        {
            try
            {
                if ((await stream.NextFrame(last?.Epoch, last?.Number ?? 0)).Value is { } frame)
                {
                    if (frame.IsSnapshot || frame.Number != frame.After) watched.Hear?.Invoke(frame);
                    last = frame;
                    continue;
                }
            }
            catch (Exception fault) when (fault is TimeoutException or OrleansException or OperationCanceledException)
            {
                // Asked again below; the pages say by themselves that the cluster does not answer.
            }
            await Task.Delay(PauseAfterFaults, time);
        }
    }

    private sealed class Watched(Guid streamId)
    {
        public Guid StreamId { get; } = streamId;
        public Action<StreamFrame>? Hear;
        public int Watchers;
        public volatile bool IsOver;
    }

    private sealed class Watcher(StreamWatch watch, Watched watched, Action<StreamFrame> hear) : IDisposable
    {
        public void Dispose()
        {
            lock (watched)
            {
                watched.Hear -= hear;
                if (--watched.Watchers > 0) return;
                watched.IsOver = true;
                watch._streams.TryRemove(watched.StreamId, out _);
            }
        }
    }
}
