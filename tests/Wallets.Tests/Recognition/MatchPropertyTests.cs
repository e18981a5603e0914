using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Wallets.Grains.Matches;
using Wallets.Ledger;
using Wallets.Ledger.Recognition;
using Wallets.Ledger.Sqlite;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Recognition;

/// <summary>The published formula, and that a score read step by step is the one read at once.</summary>
public sealed class MatchPropertyTests(Databases databases)
{
    [Fact]
    public void More_coins_never_make_fewer_points_and_count_less_and_less_up_to_the_cap() =>
        Gen.Select(Gen.Long[0, 200_000], Gen.Long[0, 200_000]).Sample((coins, more) =>
        {
            Assert.True(MatchPoints.Of(coins + more) >= MatchPoints.Of(coins));
            Assert.True(MatchPoints.Of(coins) + MatchPoints.Of(more) >= MatchPoints.Of(coins + more));
            Assert.True(MatchPoints.Of(coins) <= MatchPoints.Of(MatchPoints.CountedCoins));
            Assert.Equal(MatchPoints.Of(Math.Min(coins, MatchPoints.CountedCoins)), MatchPoints.Of(coins));
        });

    [Fact]
    public void The_formula_is_the_published_one() =>
        Assert.Equal([0, 10, 10_000, 10_005, 55_000, 55_001, 145_000, 145_000], new long[] { -5, 1, 1_000, 1_001, 10_000, 10_001, 100_000, 1_000_000 }.Select(MatchPoints.Of));

    /// <param name="Size">Which viewer, how many coins, when.</param>
    private readonly record struct Step(bool IsRefund, int Size);

    [Fact]
    public async Task A_score_read_step_by_step_is_the_one_read_at_once_and_counts_what_the_window_holds()
    {
        var folder = databases.NewFolder();
        Schema.MigrateSqlite(Path.Combine(folder, "ledger.db"), Path.Combine(folder, "state.db"));
        var time = new FakeTimeProvider(new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var ledger = new SqliteLedger(Path.Combine(folder, "ledger.db"), time);
        await Gen.Select(Gen.Bool, Gen.Int[1, 200], (isRefund, size) => new Step(isRefund && size % 2 == 0, size)).Array[1, 25].SampleAsync(steps => Check(ledger, time, steps), iter: 10, threads: 1);
    }

    private static async Task Check(SqliteLedger ledger, FakeTimeProvider time, Step[] steps)
    {
        var creator = await ledger.OpenAccount(AccountKind.Earnings, $"c-{Guid.NewGuid():N}");
        long[] viewers = [await ledger.OpenAccount(AccountKind.Wallet, $"v-{Guid.NewGuid():N}"), await ledger.OpenAccount(AccountKind.Wallet, $"v-{Guid.NewGuid():N}")];
        foreach (var viewer in viewers) await ledger.Write(Some.Purchase(viewer, 1_000_000));
        var from = time.GetUtcNow().AddSeconds(20);
        var window = new MatchWindow(from, from.AddSeconds(100), [(from.AddSeconds(30), from.AddSeconds(50))]);
        var (stepwise, gifts, refunded) = (new MatchTally(ledger, new("c", null, creator)), new List<Entry>(), new Dictionary<Guid, long>());
        var (wallets, earnings) = (viewers.ToDictionary(viewer => viewer, _ => (Seq: 1L, Balance: 1_000_000L)), (Seq: 0L, Balance: 0L));

        foreach (var step in steps)
        {
            time.Advance(TimeSpan.FromSeconds(step.Size % 12));
            if (!step.IsRefund)
            {
                var viewer = viewers[step.Size % 2];
                var gift = Some.Gift(viewer, creator, step.Size * 20, wallets[viewer].Seq + 1, wallets[viewer].Balance);
                gifts.Add(gift with { RecordedAt = await ledger.Write(gift) });
                await ledger.Write(Some.Credit(gift, earnings.Seq + 1, earnings.Balance));
                (wallets[viewer], earnings) = ((gift.Seq, gift.BalanceAfter), (earnings.Seq + 1, earnings.Balance + gift.Gift!.Diamonds));
            }
            else if (gifts.Find(gift => !refunded.ContainsKey(gift.TransferId)) is { } gift)
            {
                var (key, wallet) = (Some.Key(), wallets[gift.AccountId]);
                var detail = new EntryDetail(Diamonds: 1, Lot: Guid.NewGuid(), Gift: gift.TransferId, Coins: -gift.Amount, Refund: Guid.NewGuid(), Day: 0, FromPending: 0, Owed: 0);
                var refund = new Entry { AccountId = gift.AccountId, Seq = wallet.Seq + 1, TransferId = key, Kind = EntryKind.GiftRefunded, Amount = 0, BalanceAfter = wallet.Balance, Counterparty = creator, Detail = detail };
                var refundedAt = await ledger.Write(refund);
                await ledger.Write(refund with { AccountId = creator, Seq = earnings.Seq + 1, Kind = EntryKind.ClawedBack, BalanceAfter = earnings.Balance, Counterparty = gift.AccountId });
                (wallets[gift.AccountId], earnings) = ((wallet.Seq + 1, wallet.Balance), (earnings.Seq + 1, earnings.Balance));
                refunded[gift.TransferId] = refundedAt < window.Until ? -gift.Amount : 0;
            }
            if (step.Size % 3 == 0) await stepwise.CatchUp(window);
        }
        await stepwise.CatchUp(window);
        var atOnce = new MatchTally(ledger, new("c", null, creator));
        await atOnce.CatchUp(window);

        var expected = gifts.Where(gift => gift.RecordedAt >= window.From && gift.RecordedAt < window.Until && !(gift.RecordedAt >= window.Pauses[0].From && gift.RecordedAt < window.Pauses[0].Until))
            .GroupBy(gift => gift.AccountId).ToDictionary(viewer => viewer.Key, viewer => viewer.Sum(gift => -gift.Amount - refunded.GetValueOrDefault(gift.TransferId)));
        Assert.Equal(expected.Where(viewer => viewer.Value > 0).Select(viewer => (viewer.Key, viewer.Value)).Order(), stepwise.Lines.Select(line => (line.ViewerId, line.Coins)).Order());
        Assert.Equal(stepwise.Lines.Order(), atOnce.Lines.Order());
        Assert.Equal(expected.Values.Sum(MatchPoints.Of), stepwise.Points);
    }
}
