using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Settlement;

/// <summary>Something that the cluster does now and then: a call to a grain of which there is one.</summary>
internal sealed record ClusterTask(string Name, Func<IGrainFactory, Task> Run);

/// <summary>
/// Calls every <see cref="ClusterTask"/> once a second from every silo, so that it goes on wherever the grain's silo has died. The grains
/// see to it that they work no more often than they need.
/// </summary>
internal sealed partial class ClusterClock(IEnumerable<ClusterTask> tasks, IGrainFactory grains, TimeProvider time, ILogger<ClusterClock> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(tasks.Select(task => Tick(task, stoppingToken)));

    private async Task Tick(ClusterTask task, CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await NextTick(ticks, stoppingToken))
        {
            try
            {
                await task.Run(grains);
            }
            catch (Exception fault)
            {
                LogNotRun(fault, task.Name);   // the next tick tries again
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

    [LoggerMessage(LogLevel.Warning, "{Task} did not run")]
    private partial void LogNotRun(Exception fault, string task);
}
