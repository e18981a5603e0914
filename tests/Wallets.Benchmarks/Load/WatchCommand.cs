using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Wallets.Benchmarks.Load;

/// <summary>
/// A process that holds so many real connections to the hub, each of which has joined one stream, over sockets and WebSocket frames read by
/// hand, so that the viewers cost the machine little. It writes "ready" once all have joined; then, each second, "C" with the frames and
/// bytes that came so far and the connections lost; and for every frame of some of the connections, "F" with the time it came (the
/// machine's monotonic clock) and the pieces that its totals count.
/// </summary>
internal static class WatchCommand
{
    private const int SmallestFrame = 200;   // shorter messages are the hub's pings and answers
    private const int ConnectingAtOnce = 64;
    private const int MostSampled = 100;
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);
    private static long _frames;
    private static long _bytes;
    private static int _lost;

    public static async Task<int> Run(string url, string stream, int connections)
    {
        var at = new IPEndPoint(IPAddress.Loopback, new Uri(url).Port);
        var sampleEvery = Math.Max(1, connections / MostSampled);
        var sockets = new Socket[connections];
        await Parallel.ForEachAsync(Enumerable.Range(0, connections), new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce }, async (n, stop) =>
        {
            sockets[n] = await Join(at, stream, stop);
            _ = Read(sockets[n], isSampled: n % sampleEvery == 0);   // until the connection ends
        });
        Write("ready");

        var (ping, lastPing) = (Masked("{\"type\":6}\u001e"), Stopwatch.GetTimestamp());
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await ticks.WaitForNextTickAsync())
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"C {Stopwatch.GetTimestamp()} {Interlocked.Read(ref _frames)} {Interlocked.Read(ref _bytes)} {Volatile.Read(ref _lost)}"));
            if (Stopwatch.GetElapsedTime(lastPing) < PingInterval) continue;
            lastPing = Stopwatch.GetTimestamp();
            foreach (var socket in sockets)
                if (socket.Connected) await socket.SendAsync(ping);
        }
        return 0;
    }

    /// <summary>Opens a WebSocket without negotiation and joins; what comes is left to be read.</summary>
    private static async Task<Socket> Join(IPEndPoint at, string stream, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(at, stop);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /live HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        var (last4, one) = (0u, new byte[1]);
        while (last4 != 0x0D0A0D0A)
        {
            if (await socket.ReceiveAsync(one) == 0) throw new IOException("The hub closed the connection.");
            last4 = last4 << 8 | one[0];
        }
        await socket.SendAsync(Masked("{\"protocol\":\"json\",\"version\":1}\u001e"));
        await socket.SendAsync(Masked($"{{\"type\":1,\"invocationId\":\"1\",\"target\":\"Join\",\"arguments\":[\"{stream}\"]}}\u001e"));
        return socket;
    }

    private static async Task Read(Socket socket, bool isSampled)
    {
        var (buffer, filled) = (new byte[16 * 1024], 0);
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(filled)) is var received and > 0)
            {
                Interlocked.Add(ref _bytes, received);
                filled += received;
                var read = 0;
                while (TryReadMessage(buffer.AsSpan(read, filled - read), out var header, out var length))
                {
                    if (length >= SmallestFrame) Count(buffer.AsSpan(read + header, length), isSampled);
                    read += header + length;
                }
                buffer.AsSpan(read, filled - read).CopyTo(buffer);
                filled -= read;
            }
        }
        catch (SocketException)
        {
            // Counted as lost, like a connection that the hub closed.
        }
        Interlocked.Increment(ref _lost);
    }

    private static bool TryReadMessage(ReadOnlySpan<byte> bytes, out int header, out int length)
    {
        (header, length) = (2, bytes.Length < 2 ? 0 : bytes[1] & 0x7F);
        if (length == 126) (header, length) = (4, bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        return bytes.Length >= 2 && bytes.Length >= header + length && (header == 2 || bytes.Length >= 4);
    }

    private static void Count(ReadOnlySpan<byte> message, bool isSampled)
    {
        Interlocked.Increment(ref _frames);
        if (!isSampled) return;
        var now = Stopwatch.GetTimestamp();
        var totals = message.IndexOf("\"totals\":{\"gifts\":"u8);
        if (totals >= 0 && System.Buffers.Text.Utf8Parser.TryParse(message[(totals + 18)..], out long gifts, out _))
            Write(string.Create(CultureInfo.InvariantCulture, $"F {now} {gifts}"));
    }

    /// <summary>A text message as a client must send it, masked by a key of zeros.</summary>
    private static byte[] Masked(string text)
    {
        var payload = Encoding.ASCII.GetBytes(text);
        return payload.Length < 126
            ? [0x81, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]
            : [0x81, 0x80 | 126, (byte)(payload.Length >> 8), (byte)payload.Length, 0, 0, 0, 0, .. payload];
    }

    private static void Write(string line)
    {
        lock (Console.Out) Console.Out.WriteLine(line);
    }
}
