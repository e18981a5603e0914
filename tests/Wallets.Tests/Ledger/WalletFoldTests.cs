using System.Text.Json;
using CsCheck;
using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>
/// Properties of the wallet over any sequence of purchases, gifts and overdrafts, with crashes and retries in between. The model
/// is one number and a set of keys.
/// </summary>
public sealed class WalletFoldTests
{
    private const long Account = 1;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly LiveStream Stream = new("cleo", 2, HasEnded: false);
    private static readonly Terms Terms = new([Defaults.Catalog], Defaults.Packs, [Defaults.RateCard]);
    private static readonly LimitOptions Limits = new() { CoinsPerDay = 2_000, CoinsPerWeek = 5_000 };

    private enum Act { Buy, BuyWithBonus, Send, RetryLast, CrashAndReload, Wait }

    private static readonly Gen<(Act Act, int Size)[]> Commands =
        Gen.Select(Gen.OneOf(Act.Buy, Act.BuyWithBonus, Act.Send, Act.Send, Act.Send, Act.RetryLast, Act.CrashAndReload, Act.Wait), Gen.Int[1, 60]).Array[1, 60];

    [Fact]
    public void Whatever_happens_the_wallet_is_the_fold_of_its_entries_and_the_model_agrees() => Commands.Sample(commands =>
    {
        var run = new Run();
        foreach (var (act, size) in commands) run.Do(act, size);
        run.Check();
    });

    [Fact]
    public void A_snapshot_at_any_point_and_the_tail_give_the_same_state() => Gen.Select(Commands, Gen.Int[0, 60]).Sample((commands, cut) =>
    {
        var run = new Run();
        foreach (var (act, size) in commands) run.Do(act, size);
        cut = Math.Min(cut, run.Entries.Count);

        var snapshot = JsonSerializer.SerializeToElement(Fold(run.Entries.Take(cut)));
        var resumed = snapshot.Deserialize<WalletState>()!;
        foreach (var entry in run.Entries.Skip(cut)) resumed.Apply(entry);

        Assert.Equal(JsonSerializer.Serialize(run.State), JsonSerializer.Serialize(resumed));
    });

    [Fact]
    public void Bonus_coins_go_first_the_earliest_expiring_before_others_then_paid_coins_in_order()
    {
        var state = Some.Wallet(
            Some.Purchase(Account, 100),
            Some.Purchase(Account, 50, 2, 100, bonus: 20, expires: Start.AddDays(20)),
            Some.Purchase(Account, 50, 3, 150, bonus: 10, expires: Start.AddDays(10)));

        state.Apply(Some.Gift(Account, 2, 15, 4, 200));
        Assert.Equal([(100, 0), (30, 15), (40, 0)], state.Lots.Select(lot => ((int)lot.Paid, (int)lot.Bonus)));

        state.Apply(Some.Gift(Account, 2, 120, 5, 185));
        Assert.Equal([(25, 0), (40, 0)], state.Lots.Select(lot => ((int)lot.Paid, (int)lot.Bonus)));
    }

    [Fact]
    public void A_day_counts_for_seven_days()
    {
        var state = Some.Wallet(Some.Purchase(Account, 1_000) with { RecordedAt = Start });
        for (var day = 0; day < 9; day++)
            state.Apply(Some.Gift(Account, 2, 10, 2 + day, 1_000 - 10 * day) with { RecordedAt = Start.AddDays(day).AddHours(23) });

        var today = DayAmount.DayOf(Start.AddDays(8));
        Assert.Equal(10, state.SpentOn(today));
        Assert.Equal(70, state.SpentInWeekTo(today));
        Assert.Equal(60, state.SpentInWeekTo(today + 1));
        Assert.Equal(90, state.LifetimeSpent);
    }

    [Theory]
    [InlineData("rose", 0, Refusal.InvalidQuantity)]
    [InlineData("rose", -1, Refusal.InvalidQuantity)]
    [InlineData("rose", 10_000, Refusal.InvalidQuantity)]
    [InlineData("nothing", 1, Refusal.UnknownGift)]
    [InlineData("universe", 9_999, Refusal.InsufficientFunds)]
    [InlineData("swan", 2, Refusal.LimitExceeded)]
    public void A_gift_that_cannot_be_is_refused(string gift, int quantity, string code)
    {
        var state = Some.Wallet(Some.Purchase(Account, 10_000));

        var decision = WalletDecisions.SendGift(Account, state, "ann", new GiftOrder(Some.Key(), Guid.NewGuid(), gift, quantity), Stream, Terms, Limits, flaggedHoldDays: 23, Start);

        Assert.Equal((code, null), (decision.Refusal?.Code, decision.Entry));
    }

    [Theory]
    [InlineData(1, 1), InlineData(2, 1), InlineData(3, 2), InlineData(7, 4), InlineData(44_999, 22_500)]
    public void Diamonds_are_half_the_coins_rounded_in_the_creators_favour(long coins, long diamonds) =>
        Assert.Equal(new Diamonds(diamonds), Defaults.RateCard.DiamondsFor(new Coins(coins)));

    private static WalletState Fold(IEnumerable<Entry> entries) => Some.Wallet([.. entries]);

    /// <summary>A wallet as its grain runs it, beside a model of what its owner believes.</summary>
    private sealed class Run
    {
        private readonly HashSet<Guid> _keys = [];
        private long _coins;
        private Guid _lastKey;
        private DateTimeOffset _now = Start;

        public List<Entry> Entries { get; } = [];
        public WalletState State { get; private set; } = new();

        public void Do(Act act, int size)
        {
            switch (act)
            {
                case Act.Buy: Buy(new CoinPack("p", new(size * 10), Coins.Zero, new Money(99, "USD"), [])); break;
                case Act.BuyWithBonus: Buy(new CoinPack("p", new(size * 10), new(size), new Money(99, "USD"), [])); break;
                case Act.Send: Send(Some.Key(), size); break;
                case Act.RetryLast when _lastKey != default: Send(_lastKey, size); break;
                case Act.CrashAndReload: State = Fold(Entries); break;
                case Act.Wait: _now = _now.AddHours(size); break;
            }
        }

        private void Buy(CoinPack pack)
        {
            var decision = WalletDecisions.Purchase(Account, State, Some.Key(), pack, new Payment("dev", Guid.NewGuid().ToString()), _now);
            Commit(decision.Entry!);
            _coins += pack.Coins.Value + pack.BonusCoins.Value;
        }

        private void Send(Guid key, int quantity)
        {
            if (_keys.Contains(key)) return;   // the grain looks the key up before it decides anything
            var decision = WalletDecisions.SendGift(Account, State, "ann", new GiftOrder(key, Guid.NewGuid(), "ice-cream", quantity), Stream, Terms, Limits, flaggedHoldDays: 23, _now);
            Assert.Equal(decision.Refusal?.Code == Refusal.InsufficientFunds, quantity * 10 > _coins);
            if (decision.Entry is not { } debit) return;
            Commit(debit);
            _coins -= quantity * 10;
            _keys.Add(key);
            _lastKey = key;
        }

        private void Commit(Entry entry)
        {
            entry = entry with { RecordedAt = _now };
            State.Apply(entry);
            Entries.Add(entry);
        }

        public void Check()
        {
            Assert.Equal(_coins, State.Balance);
            Assert.Equal(_coins, Entries.Sum(entry => entry.Amount));
            Assert.Equal(_coins, State.Lots.Sum(lot => lot.Paid + lot.Bonus));
            Assert.All(State.Lots, lot => Assert.True(lot.Paid >= 0 && lot.Bonus >= 0));
            Assert.All(Entries, entry => Assert.True(entry.BalanceAfter >= 0));
            Assert.Equal(Entries.Where(entry => entry.Kind == EntryKind.GiftSent).Sum(entry => -entry.Amount), State.LifetimeSpent);
            foreach (var day in Entries.Where(entry => entry.Kind == EntryKind.GiftSent).GroupBy(entry => DayAmount.DayOf(entry.RecordedAt)))
                Assert.True(day.Sum(entry => -entry.Amount) <= Limits.CoinsPerDay);
            Assert.Equal(JsonSerializer.Serialize(State), JsonSerializer.Serialize(Fold(Entries)));
        }
    }
}
