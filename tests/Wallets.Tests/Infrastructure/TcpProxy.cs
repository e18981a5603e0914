using System.Net;
using System.Net.Sockets;

namespace Wallets.Tests.Infrastructure;

/// <summary>Stands between a client and a server on this machine and cuts a connection where a test wants it cut.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Asked of everything the client sends: if true, it is passed on, and the connection is cut before any answer comes back.</summary>
    public Func<ReadOnlyMemory<byte>, bool> LoseTheAnswerTo { get; set; } = _ => false;

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
        using var toServer = new TcpClient();
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

    private async Task Copy(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, bool> endsHere)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _stopped.Token) is > 0 and var read && !endsHere(buffer.AsMemory(0, read)))
                await to.WriteAsync(buffer.AsMemory(0, read), _stopped.Token);
            from.Close();
            to.Close();
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            to.Close();   // one side has gone; so goes the other
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopped.Dispose();
    }
}
