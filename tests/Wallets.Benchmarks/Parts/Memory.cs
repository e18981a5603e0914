using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// What an active wallet takes of a silo's memory: every wallet sends one gift, then garbage is collected and what is left is
/// divided. Streams, creators and everything else that does not grow with the wallets is there before.
/// </summary>
internal static class Memory
{
    private const int AtOnce = 512;

    public static async Task Run(Plan plan, Results results)
    {
        foreach (var wallets in plan.Activations)
        {
            AnsiConsole.MarkupLineInterpolated($"[bold]memory[/]: {wallets:N0} active wallets");
            await using var ours = new OursByGrains(silos: 1) { ActivatesWallets = false };
            var population = plan.Population with { Wallets = wallets };
            await ours.Prepare(population);
            await SendFrom(ours, 0, population.Creators, population);   // the creators' grains are there before
            await ours.Settle();

            var before = await Read(ours);
            await SendFrom(ours, population.Creators, wallets, population);
            await ours.Settle();
            var after = await Read(ours);
            var grown = wallets - population.Creators;
            results.Memory.Add(new(wallets, (double)(after.Heap - before.Heap) / grown, (double)(after.Resident - before.Resident) / grown));
        }
    }

    private static Task SendFrom(OursByGrains ours, int first, int end, Population population) =>
        Concurrently.ForEach(end - first, AtOnce, i => ours.Send(new[] { new DrawnGift(Guid.CreateVersion7(), first + i, (first + i) % population.Creators) }));

    private static async Task<(long Heap, long Resident)> Read(OursByGrains ours)
    {
        await ours.CollectGarbage();
        return (await ours.HeapBytes(), ours.Pids.Values.Sum(ProcessTimes.ResidentBytes));
    }
}
