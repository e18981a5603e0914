using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Wallets.Tests.Shared;

/// <summary>Stands between a client and a server on this machine, and delays, holds up or cuts what passes where a test wants it.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly int _target;
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly Task _accepting;
    private TaskCompletionSource _flowing = Flowing();

    public TcpProxy(int target) : this(new IPEndPoint(IPAddress.Loopback, 0), target)
    {
    }

    public TcpProxy(IPEndPoint at, int target)
    {
        _target = target;
        _listener = new TcpListener(at);
        _listener.Start();
        _accepting = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Asked of everything the client sends: if true, it is passed on, and the connection is cut before any answer comes back.</summary>
    public Func<ReadOnlyMemory<byte>, bool> LoseTheAnswerTo { get; set; } = _ => false;

    /// <summary>How long each piece waits, either way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>While set, nothing passes and nobody is told, as if a cable were out.</summary>
    public bool IsHeldUp
    {
        get => !_flowing.Task.IsCompleted;
        set
        {
            if (value && _flowing.Task.IsCompleted) _flowing = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!value) _flowing.TrySetResult();
        }
    }

    /// <summary>Resets every connection that is open now.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys) socket.Close(0);   // does nothing to one that has just been closed
    }

    private async Task Accept()
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                _ = Carry(await _listener.AcceptTcpClientAsync(_stopped.Token));   // ends with its connection
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task Carry(TcpClient client)
    {
        using var fromClient = client;
        using var toServer = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        var socket = client.Client;   // a closed client has none
        _open[socket] = true;
        try
        {
            await _flowing.Task.WaitAsync(_stopped.Token);
            await toServer.ConnectAsync(IPAddress.Loopback, _target);
            var (near, far) = (fromClient.GetStream(), toServer.GetStream());
            var answersLost = new TaskCompletionSource();
            var back = Copy(far, near, _ => answersLost.Task.IsCompleted);
            await Copy(near, far, sent =>
            {
                if (LoseTheAnswerTo(sent)) answersLost.TrySetResult();
                return false;
            });
            await back;
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The server is away or the proxy stops; the client sees its connection end.
        }
        finally
        {
            _open.TryRemove(socket, out _);
        }
    }

    private async Task Copy(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, bool> endsHere)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _stopped.Token) is > 0 and var read && !endsHere(buffer.AsMemory(0, read)))
            {
                if (Delay > TimeSpan.Zero) await Task.Delay(Delay, _stopped.Token);
                await _flowing.Task.WaitAsync(_stopped.Token);
                await to.WriteAsync(buffer.AsMemory(0, read), _stopped.Token);
            }
            from.Close();
            to.Close();
        }
        catch (Exception gone) when (IsGone(gone))
        {
            to.Close();   // one side has gone; so goes the other
        }
    }

    private static bool IsGone(Exception fault) => fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException;

    private static TaskCompletionSource Flowing()
    {
        var flowing = new TaskCompletionSource();
        flowing.SetResult();
        return flowing;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopped.Dispose();
    }
}
