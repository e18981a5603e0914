using System.Globalization;

namespace Wallets.Benchmarks.Machine;

/// <summary>What processes cost, read from /proc: processor time, and memory held.</summary>
internal static class ProcessTimes
{
    private const double TicksPerSecond = 100;   // USER_HZ, the same on every Linux

    /// <summary>Processor seconds of a process so far, of its children and of those it has waited for: a database is its postmaster's.</summary>
    public static double SecondsOfTree(int pid)
    {
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var other)) continue;
            if (ReadStat(other) is not { } fields) continue;
            if (other == pid) ticks += Ticks(fields, 13) + Ticks(fields, 14) + Ticks(fields, 15) + Ticks(fields, 16);
            else if (Ticks(fields, 3) == pid) ticks += Ticks(fields, 13) + Ticks(fields, 14);
        }
        return ticks / TicksPerSecond;
    }

    public static double Seconds(int pid) => ReadStat(pid) is { } fields ? (Ticks(fields, 13) + Ticks(fields, 14)) / TicksPerSecond : 0;

    /// <summary>Processor seconds that anything on this machine has used, and those that its host has taken from it.</summary>
    public static double SecondsOfMachine()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);   // cpu user nice system idle iowait irq softirq steal
        return ((int[])[1, 2, 3, 6, 7, 8]).Sum(index => Ticks(fields, index)) / TicksPerSecond;
    }

    /// <summary>Bytes of memory that a process holds and no other shares.</summary>
    public static long ResidentBytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The fields of /proc/PID/stat, numbered from 0; null if the process has gone.</summary>
    private static string[]? ReadStat(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var afterName = stat.LastIndexOf(')') + 2;   // a name may hold blanks
            return ["", "", .. stat[afterName..].Split(' ')];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Ticks(string[] fields, int index) => long.Parse(fields[index], CultureInfo.InvariantCulture);
}
