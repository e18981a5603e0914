using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Wallets.Server.Hosting;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>How long a silo waits for another's answer that was lost on the way.</summary>
public sealed class PatienceTests(Databases databases)
{
    private const double Deadline = 20;   // seconds; Orleans' own patience is 30

    [Fact]
    public async Task A_wallet_whose_place_was_asked_for_in_vain_answers_soon_after()
    {
        var (database, network) = (await databases.Create(Infrastructure.Engine.Postgres), new LossyNetwork());
        await using var silo = await StartSilo(database, network);
        await using var other = await StartSilo(database, network);
        var grains = silo.Services.GetRequiredService<IGrainFactory>();
        var viewers = Enumerable.Range(0, 40).Select(n => $"viewer-{n}").ToList();

        network.IsLosing = true;
        var answered = await Task.WhenAll(viewers.Select(viewer => IsAnswered(grains, viewer)));
        network.IsLosing = false;
        await Task.WhenAll(viewers.Select(viewer => Eventually.Is(() => IsAnswered(grains, viewer), isAnswered => isAnswered, Deadline)));

        Assert.Contains(false, answered);
    }

    /// <summary>A silo as the server runs it, on a network that can lose messages; nobody is declared dead for that.</summary>
    private static async Task<WebApplication> StartSilo(TestDatabase database, LossyNetwork network)
    {
        var builder = WebApplication.CreateBuilder(
        [
            "--environment=Development", "--urls=http://127.0.0.1:0", $"--ConnectionStrings:Wallets={database.ApplicationConnection}",
            "--Wallets:Role=silo", "--Wallets:Database=postgres", $"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}",
        ]);
        builder.Logging.ClearProviders();
        builder.AddSilo(Settings.Read(builder.Configuration, builder.Environment));
        builder.Services.Configure<ClusterMembershipOptions>(options => options.LivenessEnabled = false);
        builder.Services.Configure<SiloConnectionOptions>(network.Carry);
        var silo = builder.Build();
        await silo.StartAsync();
        return silo;
    }

    private static async Task<bool> IsAnswered(IGrainFactory grains, string viewer)
    {
        try
        {
            return (await grains.GetGrain<IWalletGrain>(viewer).GetBalance(new Caller(viewer, Roles.Viewer))).IsOk;
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException or OrleansException)   // in time, before its place was found, or for want of a connection
        {
            return false;
        }
    }

    /// <summary>What silos send each other, of which whole messages can be lost while the connections stay.</summary>
    private sealed class LossyNetwork
    {
        public bool IsLosing { get; set; }

        /// <summary>Either end of a connection sends.</summary>
        public void Carry(SiloConnectionOptions options)
        {
            options.ConfigureSiloInboundConnection(builder => builder.Use(CarryOne));
            options.ConfigureSiloOutboundConnection(builder => builder.Use(CarryOne));
        }

        private ConnectionDelegate CarryOne(ConnectionDelegate next) => connection =>
        {
            connection.Transport = new Wire(connection.Transport.Input, new Sender(connection.Transport.Output, this));
            return next(connection);
        };

        private sealed record Wire(PipeReader Input, PipeWriter Output) : IDuplexPipe;

        /// <summary>Orleans flushes after whole messages.</summary>
        private sealed class Sender(PipeWriter inner, LossyNetwork network) : PipeWriter
        {
            private readonly ArrayBufferWriter<byte> _unsent = new();

            public override Memory<byte> GetMemory(int sizeHint = 0) => _unsent.GetMemory(sizeHint);
            public override Span<byte> GetSpan(int sizeHint = 0) => _unsent.GetSpan(sizeHint);
            public override void Advance(int bytes) => _unsent.Advance(bytes);
            public override void CancelPendingFlush() => inner.CancelPendingFlush();
            public override void Complete(Exception? exception = null) => inner.Complete(exception);

            public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
            {
                if (!network.IsLosing) inner.Write(_unsent.WrittenSpan);
                _unsent.ResetWrittenCount();
                return inner.FlushAsync(cancellationToken);
            }
        }
    }
}
