using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Wallets.Ledger;

namespace Wallets.Server.Hosting;

/// <summary>Live: this process answers, whatever else does. Ready: it started, is not stopping, and what it depends on answers.</summary>
internal static class Health
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void AddHealth(this WebApplicationBuilder builder, Settings settings)
    {
        var checks = builder.Services.AddHealthChecks().AddCheck<Running>("running");
        if (settings.HasSilo) checks.AddCheck<LedgerAnswers>("ledger", timeout: Patience);
        else checks.AddCheck<ClusterAnswers>("cluster", timeout: Patience);
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/health/ready").AllowAnonymous();
    }

    private sealed class Running(IHostApplicationLifetime lifetime) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
            lifetime.ApplicationStarted.IsCancellationRequested && !lifetime.ApplicationStopping.IsCancellationRequested
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("starting or stopping"));
    }

    private sealed class LedgerAnswers(ILedger ledger) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await ledger.ReadClock(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    private sealed class ClusterAnswers(IGrainFactory grains) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).GetGifts().WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }
}
