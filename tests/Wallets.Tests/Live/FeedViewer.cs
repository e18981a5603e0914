using Microsoft.AspNetCore.SignalR.Client;
using Wallets.Tests.Infrastructure;

namespace Wallets.Tests.Live;

/// <summary>
/// A real SignalR client that does with frames what a page does, and notes whatever does not follow: a frame missing, told twice, or out
/// of place.
/// </summary>
internal sealed class FeedViewer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly HubConnection _connection;
    private readonly List<StreamFrame> _frames = [];
    private readonly List<string> _breaks = [];
    private StreamFrame? _last;

    private FeedViewer(string url, StreamFrame? last)
    {
        _last = last;
        _connection = new HubConnectionBuilder().WithUrl($"{url}/live").Build();
        _connection.On<StreamFrame>("frame", Take);
    }

    public StreamFrame Last { get { lock (_lock) return _last!; } }
    public IReadOnlyList<StreamFrame> Frames { get { lock (_lock) return [.. _frames]; } }
    public IReadOnlyList<string> Breaks { get { lock (_lock) return [.. _breaks]; } }

    /// <summary>Gifts told, but for those of snapshots.</summary>
    public long GiftsTold => Frames.Where(frame => !frame.IsSnapshot).Sum(frame => frame.Gifts.Sum(line => line.Gifts) + frame.Dropped);

    public static async Task<FeedViewer> Join(string url, string stream)
    {
        var viewer = new FeedViewer(url, null);
        await viewer._connection.StartAsync();
        await viewer.Invoke("Join", stream);
        await Eventually.Is(() => Task.FromResult(viewer.Frames.Count), count => count > 0);   // sent before the answer, handled when the client gets to it
        return viewer;
    }

    /// <summary>Goes on where another connection, perhaps to another gateway, has ended.</summary>
    public static async Task<FeedViewer> Resume(string url, string stream, StreamFrame last)
    {
        var viewer = new FeedViewer(url, last);
        await viewer._connection.StartAsync();
        await viewer.Invoke("Resume", stream, last.Epoch, last.Number);
        return viewer;
    }

    public Task<StreamView> Invoke(string method, params object[] arguments) => _connection.InvokeCoreAsync<StreamView>(method, arguments);

    public Task Leave(string stream) => _connection.InvokeAsync("Leave", stream);

    public Task<StreamFrame> Sees(Func<StreamFrame, bool> condition, double withinSeconds = 20) => Eventually.Is(() => Task.FromResult(Last), condition, withinSeconds);

    private void Take(StreamFrame frame)
    {
        lock (_lock)
        {
            if (!frame.IsSnapshot && (_last is null || frame.Epoch != _last.Epoch || frame.After != _last.Number))
                _breaks.Add($"{frame.Epoch} {frame.After} to {frame.Number} after {_last?.Epoch} {_last?.Number}");
            _last = frame;
            _frames.Add(frame);
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
