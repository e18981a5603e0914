using System.Net;
using System.Net.Sockets;

namespace Wallets.Tests.Shared;

/// <summary>Ports of this machine that are free.</summary>
internal static class Ports
{
    // Below those that outgoing connections take.
    private const int First = 15_000;
    private const int Blocks = 170;
    private const int BlockSize = 100;
    private const int TakenByACluster = 50;
    private static int _next = Environment.ProcessId;

    /// <summary>The first of a hundred ports of which those that a cluster takes are free.</summary>
    public static int FreeBlock()
    {
        for (var tried = 0; tried < Blocks; tried++)
        {
            var first = First + Interlocked.Increment(ref _next) % Blocks * BlockSize;
            if (Enumerable.Range(first, TakenByACluster).All(IsFree)) return first;
        }
        throw new InvalidOperationException($"No free ports between {First} and {First + Blocks * BlockSize}.");
    }

    /// <summary>One port, of those that no cluster takes; not the same again for long, so that whoever asked has time to open it.</summary>
    public static int Free()
    {
        const int Singles = BlockSize - TakenByACluster;
        for (var tried = 0; tried < Blocks * Singles; tried++)
        {
            var n = Interlocked.Increment(ref _next) % (Blocks * Singles);
            var port = First + n / Singles * BlockSize + TakenByACluster + n % Singles;
            if (IsFree(port)) return port;
        }
        throw new InvalidOperationException($"No free port between {First} and {First + Blocks * BlockSize}.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Any, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
