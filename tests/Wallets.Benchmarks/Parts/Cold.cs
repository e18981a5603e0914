using System.Diagnostics;
using Spectre.Console;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Report;

namespace Wallets.Benchmarks.Parts;

/// <summary>
/// Wallets of a thousand entries come back one after the other while nothing else runs: first ones of which no snapshot was ever
/// taken, then, once they have been deactivated and have a snapshot, and a tail of a hundred entries after it.
/// </summary>
internal static class Cold
{
    private const int Entries = 1_000;
    private const int Tail = 100;

    public static async Task Run(Plan plan, Results results)
    {
        if (plan.ColdWallets == 0) return;
        AnsiConsole.MarkupLineInterpolated($"[bold]cold[/]: {plan.ColdWallets} wallets of {Entries:N0} entries are activated");
        var population = new Population(plan.ColdWallets + 1, Creators: 1);
        await using var ours = new OursByGrains(silos: 1) { ActivatesWallets = false };
        await ours.Prepare(population);
        await ours.Ledger.AppendGifts(Entries - Tail - 1);   // the first entry is the purchase
        await ours.Activate(population.Wallets - 1);         // what is slow but once: the first call, its code, its statements

        results.Cold.Add(await Activate($"{Entries - Tail} entries, no snapshot"));
        await Deactivate(ours);
        await ours.Ledger.AppendGifts(Tail);
        results.Cold.Add(await Activate($"{Entries:N0} entries, a snapshot and a tail of {Tail}"));

        async Task<ColdPoint> Activate(string state)
        {
            var before = await ReadsSoFar();
            var tally = new Tally();
            for (var wallet = 0; wallet < plan.ColdWallets; wallet++)
            {
                var askedAt = Stopwatch.GetTimestamp();
                await ours.Activate(wallet);
                tally.Sent(1, askedAt);
            }
            var after = await ReadsSoFar();
            return new(state, plan.ColdWallets, tally.Latency(), (after?.State - before?.State) / plan.ColdWallets, (after?.Entries - before?.Entries) / plan.ColdWallets);
        }

        // Look-ups of grain state, and of entries by account. Sessions tell what they counted when they have been idle for ten seconds.
        async Task<(double State, double Entries)?> ReadsSoFar()
        {
            if (plan.CountReadsAfter is not { } pause) return null;
            await Task.Delay(pause);
            return (
                await ours.Postgres.Scalar<long>("SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_indexes WHERE relname = 'orleansstorage'"),
                await ours.Postgres.Scalar<long>("SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_indexes WHERE indexrelname = 'entries_pkey'"));
        }
    }

    private static async Task Deactivate(OursByGrains ours)
    {
        var management = ours.Grains.GetGrain<IManagementGrain>(0);
        await management.ForceActivationCollection(TimeSpan.Zero);
        var startedAt = Stopwatch.GetTimestamp();
        while ((await management.GetSimpleGrainStatistics()).Where(grain => grain.GrainType.Contains("WalletGrain", StringComparison.Ordinal)).Sum(grain => grain.ActivationCount) > 0)
        {
            if (Stopwatch.GetElapsedTime(startedAt).TotalSeconds > 60) throw new TimeoutException("The wallets are still active after a minute.");
            await Task.Delay(100);
        }
    }
}
