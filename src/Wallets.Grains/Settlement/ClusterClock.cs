using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Settlement;

/// <summary>Something that the cluster does now and then: a call to a grain of which there is one.</summary>
internal sealed record ClusterTask(string Name, Func<IGrainFactory, Task> Run)
{
    /// <summary>From one call to the next, from each silo. Shorter for work that grows with the gifts of the time between: gifts wait behind a long statement.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>
/// Calls every <see cref="ClusterTask"/> in its time from every silo, so that it goes on wherever the grain's silo has died, each a
/// little after the one before, so that a silo does not begin them all in the same moment. The grains see to it that they work no more often than they need.
/// </summary>
internal sealed partial class ClusterClock(IEnumerable<ClusterTask> tasks, IGrainFactory grains, TimeProvider time, ILogger<ClusterClock> logger) : BackgroundService
{
    private static readonly TimeSpan BetweenTasks = TimeSpan.FromMilliseconds(70);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(tasks.Select((task, i) => Tick(task, startsAfter: i * BetweenTasks, stoppingToken)));

    private async Task Tick(ClusterTask task, TimeSpan startsAfter, CancellationToken stoppingToken)
    {
        await Task.Delay(startsAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var ticks = new PeriodicTimer(task.Every, time);
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
