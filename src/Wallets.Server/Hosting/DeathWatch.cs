using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;

namespace Wallets.Server.Hosting;

/// <summary>
/// Notices at once that a silo's process has died. When a process ends, its machine closes its connections and refuses new ones;
/// a pause, a busy machine or a broken network does not do both. So a silo whose connection ends and that then refuses to be
/// connected to, twice in a row, is declared dead without waiting for probes, which find whatever else takes a silo away. A wrong verdict
/// would cost a restart, never money: the ledger fences a silo that is not as dead as it was said to be.
/// </summary>
internal sealed partial class DeathWatch(IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider time, ILogger<DeathWatch> logger)
{
    private const int RefusalsNeeded = 2;
    private const int MostAttempts = 10;   // a dying process may close its connections before its port
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan UntilWritten = TimeSpan.FromMilliseconds(300);

    /// <summary>Connections that end sooner say nothing: other silos' looks at this one are among them.</summary>
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SiloAddress, bool> _lookedAt = new();

    /// <summary>Watches every connection between this silo and another, whoever opened it.</summary>
    public static void AddTo(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<DeathWatch>();
        silo.Configure<SiloConnectionOptions>(options =>
        {
            options.ConfigureSiloOutboundConnection(Watch);
            options.ConfigureSiloInboundConnection(Watch);
        });
    }

    private static void Watch(IConnectionBuilder connections)
    {
        var watch = connections.ApplicationServices.GetRequiredService<DeathWatch>();
        connections.Use(next => connection => watch.Follow(connection, next));
    }

    private async Task Follow(ConnectionContext connection, ConnectionDelegate next)
    {
        var openedAt = time.GetTimestamp();
        try
        {
            await next(connection);
        }
        finally
        {
            if (connection.RemoteEndPoint is IPEndPoint peer && time.GetElapsedTime(openedAt) >= ShortestLife) _ = LookAt(peer.Address);   // probes do it if this fails
        }
    }

    /// <summary>Declares dead whoever should run on that machine and has ended.</summary>
    internal Task LookAt(IPAddress machine) => Task.WhenAll(membership.CurrentSnapshot.Members.Values
        .Where(member => member.SiloAddress.Endpoint.Address.Equals(machine) && !member.SiloAddress.Equals(self.SiloAddress))
        .Where(member => Counts(member.SiloAddress) && _lookedAt.TryAdd(member.SiloAddress, true))
        .Select(member => LookAt(member.SiloAddress)));

    private async Task LookAt(SiloAddress silo)
    {
        try
        {
            var refusals = 0;
            for (var attempt = 0; attempt < MostAttempts && refusals < RefusalsNeeded; attempt++)
            {
                if (attempt > 0) await Task.Delay(BetweenAttempts, time);
                refusals = await Refuses(silo.Endpoint) ? refusals + 1 : 0;
            }
            if (refusals < RefusalsNeeded) return;
            LogDead(silo);
            await Kill(silo);
        }
        finally
        {
            _lookedAt.TryRemove(silo, out _);
        }
    }

    /// <summary>Until it is written: Orleans writes the verdict once, and gives up if another silo, one that joins, writes at the same moment.</summary>
    private async Task Kill(SiloAddress silo)
    {
        for (var attempt = 0; attempt < MostAttempts && Counts(silo); attempt++)
        {
            await membership.TryKill(silo);
            await Task.Delay(UntilWritten, time);
        }
    }

    /// <summary>Whether the cluster sends this silo calls.</summary>
    private bool Counts(SiloAddress silo) => membership.CurrentSnapshot.GetSiloStatus(silo) is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;

    private static async Task<bool> Refuses(IPEndPoint peer)
    {
        using var socket = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await socket.ConnectAsync(peer, patience.Token);
            return false;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The process of {Silo} has ended: its connection is closed and new ones are refused. It is declared dead")]
    private partial void LogDead(SiloAddress silo);
}
