using System.Diagnostics;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Machine;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Load;

/// <summary>
/// Measures a load and what it cost. The clock runs from the first send until every acknowledged gift is credited, so nobody looks
/// fast by leaving work for later; processor time, log and tables are read before and after, not meanwhile.
/// </summary>
internal static class Gauge
{
    private const double GiftsOfCost = 10_000;
    private const string LoadGenerator = "load generator";
    public const string Database = "database";

    public static async Task<Measurement> Measure(IContender contender, Distribution distribution, string load, int callers, Func<Task<Tally>> run)
    {
        GC.Collect();
        await contender.Settle();
        var before = await Reading.Take(contender);
        var startedAt = Stopwatch.GetTimestamp();
        var tally = await run();
        await contender.Settle();
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        var after = await Reading.Take(contender);
        var own = after.CpuSeconds.Sum(cpu => cpu.Value - before.CpuSeconds[cpu.Key]);
        var foreign = Math.Max(0, (after.MachineSeconds - before.MachineSeconds - own) / seconds / Environment.ProcessorCount);
        if (tally.Gifts == 0) throw new InvalidOperationException($"{contender.Name} took no gift at all.", tally.FirstFault);

        return new Measurement(
            contender.Name, distribution, load, callers, tally.Gifts, tally.Failures, seconds, tally.Gifts / seconds, tally.Latency(),
            after.CpuSeconds.ToDictionary(cpu => cpu.Key, cpu => (cpu.Value - before.CpuSeconds[cpu.Key]) / tally.Gifts * GiftsOfCost),
            (double)(after.WalBytes - before.WalBytes) / tally.Gifts,
            (double)(after.TableBytes - before.TableBytes) / tally.Gifts,
            foreign);
    }

    private sealed record Reading(IReadOnlyDictionary<string, double> CpuSeconds, double MachineSeconds, long WalBytes, long TableBytes)
    {
        public static async Task<Reading> Take(IContender contender)
        {
            var cpu = new Dictionary<string, double> { [LoadGenerator] = ProcessTimes.Seconds(Environment.ProcessId) };
            foreach (var (name, pid) in contender.Pids) cpu[name] = ProcessTimes.Seconds(pid);
            cpu[Database] = ProcessTimes.SecondsOfTree(contender.Postgres.Pid);
            return new(cpu, ProcessTimes.SecondsOfMachine(), await contender.Postgres.WalBytes(), await contender.Postgres.TableBytes());
        }
    }
}
