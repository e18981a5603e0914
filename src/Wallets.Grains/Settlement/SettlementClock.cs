using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Settlement;

/// <summary>Calls settlement once a second from every silo, so that it runs again wherever its silo has died.</summary>
internal sealed partial class SettlementClock(IGrainFactory grains, TimeProvider time, ILogger<SettlementClock> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await NextTick(ticks, stoppingToken))
        {
            try
            {
                await grains.GetGrain<ISettlementGrain>(ISettlementGrain.Key).Settle();
            }
            catch (Exception fault)
            {
                LogNotSettled(fault);   // the next tick tries again
            }
        }
    }

    private static async Task<bool> NextTick(PeriodicTimer ticks, CancellationToken stoppingToken)
    {
        try
        {
            return await ticks.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Settlement did not run")]
    private partial void LogNotSettled(Exception fault);
}
