using System.Diagnostics;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Machine;

/// <summary>The disk that the databases are on.</summary>
internal static class Disk
{
    private const int BlockBytes = 64 * 1024;
    private const int FileBytes = 16 * 1024 * 1024;   // as a file of PostgreSQL's log
    private static readonly TimeSpan Probed = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(4);

    /// <summary>
    /// How long it takes to bring a small write to disk while nothing else is measured. No commit is faster, and where the disk stands still
    /// now and then, every commit does with it.
    /// </summary>
    public static async Task<Latency> Probe()
    {
        using var workspace = new Workspace();
        using var file = File.OpenHandle(Path.Combine(workspace.Folder, "probe"), FileMode.CreateNew, FileAccess.Write);
        var block = new byte[BlockBytes];
        for (var at = 0; at < FileBytes; at += BlockBytes) RandomAccess.Write(file, block, at);
        RandomAccess.FlushToDisk(file);

        var tally = new Tally();
        var startedAt = Stopwatch.GetTimestamp();
        for (var at = 0; Stopwatch.GetElapsedTime(startedAt) < Probed; at = (at + BlockBytes) % FileBytes)
        {
            RandomAccess.Write(file, block, at);
            var flushingSince = Stopwatch.GetTimestamp();
            RandomAccess.FlushToDisk(file);
            tally.Sent(1, flushingSince);
            await Task.Delay(BetweenWrites);
        }
        return tally.Latency();
    }
}
