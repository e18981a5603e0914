using System.Net;
using Orleans.Configuration;
using Orleans.Dashboard;
using Wallets.Grains;
using Wallets.Server.Payouts;

namespace Wallets.Server.Hosting;

/// <summary>How a process takes part in the Orleans cluster: as a silo, or as a client of one.</summary>
internal static class ClusterHosting
{
    private const string PostgresInvariant = "Npgsql";
    private const string ServiceId = "wallets";   // part of the key of all grain state: never change it

    public static void AddSilo(this WebApplicationBuilder builder, Settings settings)
    {
        builder.UseOrleans(silo =>
        {
            if (settings.Database == Database.Sqlite)
            {
                silo.UseLocalhostClustering(settings.SiloPort, settings.GatewayPort, serviceId: ServiceId, clusterId: settings.ClusterId);
            }
            else
            {
                silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (PostgresInvariant, settings.RequireConnectionString()));
                silo.ConfigureEndpoints(IPAddress.Parse(settings.AdvertisedAddress), settings.SiloPort, settings.GatewayPort, listenOnAnyHostAddress: false);
                silo.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (ServiceId, settings.ClusterId));
                silo.Configure<ClusterMembershipOptions>(NoticeDeadSilosSoon);
                DeathWatch.AddTo(silo);
            }
            silo.Configure<SiloMessagingOptions>(options =>
            {
                options.ResponseTimeout = WalletsClient.AttemptTimeout;
                options.SystemResponseTimeout = WalletsClient.AttemptTimeout;   // a grain whose address was asked for in vain answers nobody meanwhile
                options.MaxEnqueuedRequestsHardLimit = 10_000;
            });
            var isTraced = Telemetry.HasCollector(builder.Configuration);
            if (isTraced) silo.AddActivityPropagation();   // its filters cost every call, traced or not
            silo.AddDashboard();
            silo.AddWalletsGrains(services => Engine.Create(settings, services.GetRequiredService<TimeProvider>()), Engine.State(settings));
            silo.Services.Configure<GrainsOptions>(options => Apply(settings, options));
            silo.Services.Configure<GrainsOptions>(options => options.GiftsAreCalls = isTraced);
            silo.Services.AddSingleton(settings.Ledger);
            if (settings.PayoutProvider.Url is not null) HttpPayoutProvider.AddTo(silo.Services, settings.PayoutProvider);
        });
        builder.Services.AddWalletsClient();
    }

    public static void AddGateway(this WebApplicationBuilder builder, Settings settings) => builder.AddWalletsClient(client =>
    {
        client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (ServiceId, settings.ClusterId));
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (PostgresInvariant, settings.RequireConnectionString()));
        client.UseConnectionRetryFilter<PatienceWithTheCluster>();
    });

    /// <summary>
    /// A silo that is paused or cut off is noticed after three missed probes of two seconds, and as long counts a message on one of its
    /// connections as a sign of life; a dead one is noticed by <see cref="DeathWatch"/>. Decision 7 says why not faster.
    /// </summary>
    private static void NoticeDeadSilosSoon(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = options.MaxProbeTimeout = TimeSpan.FromSeconds(2);
        options.MinProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 3;
        options.NumVotesForDeathDeclaration = 2;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
    }

    private static void Apply(Settings settings, GrainsOptions options)
    {
        options.Hold = settings.Hold;
        options.SettlementGrace = settings.SettlementGrace;
        options.Limits = settings.Limits;
        options.Payouts = settings.Payouts;
        options.Refunds = settings.Refunds;
        options.Approvals = settings.Approvals;
        options.Matches = settings.Matches;
        options.RateNotice = settings.RateNotice;
        options.Channels = settings.Channels;
        options.AllowDevPayments = settings.IsDevelopment;
    }
}

/// <summary>A gateway that finds no silo waits for one; meanwhile it is not ready.</summary>
internal sealed partial class PatienceWithTheCluster(TimeProvider time, ILogger<PatienceWithTheCluster> logger) : IClientConnectionRetryFilter
{
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        LogNoSilo(exception.Message);
        await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "No silo can be reached yet: {Reason}")]
    private partial void LogNoSilo(string reason);
}
