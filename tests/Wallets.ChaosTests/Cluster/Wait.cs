using System.Diagnostics;
using Npgsql;

namespace Wallets.ChaosTests.Cluster;

internal static class Wait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until it holds, but not beyond the deadline; gives how long it took.</summary>
    public static async Task<TimeSpan> Until(Func<Task<bool>> holds, TimeSpan deadline, TimeSpan? interval = null)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < deadline)
        {
            try
            {
                if (await holds()) return watch.Elapsed;
            }
            catch (NpgsqlException)
            {
                // The database is still away; the question is put again.
            }
            await Task.Delay(interval ?? Interval);
        }
        return watch.Elapsed;
    }
}
