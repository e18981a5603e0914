using Wallets.Ledger.Accounts;
using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Finance;

/// <summary>What is owed to all holders together at the end of a day.</summary>
/// <param name="Idle">Coins of wallets that have had no line for a year.</param>
internal readonly record struct Owing(long PaidCoins, long BonusCoins, long Idle, long Pending, long Available, long Owed);

/// <summary>
/// What was owed at the end of each of some days: every account folded as its grain would, and counted for each day on which a state of it
/// stood. Memory holds one account and the sums.
/// </summary>
internal sealed class Outstanding
{
    private const int IdleAfterDays = 365;

    private readonly TimeSpan _hold;
    private readonly int _first;   // the day before the first that is asked for
    private readonly Owing[] _days;
    private readonly SortedDictionary<string, (long Coins, long Paid)[]> _values = new(StringComparer.Ordinal);

    private Outstanding(TimeSpan hold, DateOnly from, DateOnly to)
    {
        (_hold, _first) = (hold, from.DayNumber - 1);
        _days = new Owing[to.DayNumber - _first + 1];
    }

    public static async Task<Outstanding> Read(IAuditSnapshot snapshot, TimeSpan hold, DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        var outstanding = new Outstanding(hold, from, to);
        var (byDayFrom, until) = (StartOf(from.DayNumber), StartOf(to.DayNumber + 1));
        long accountId = 0;
        AccountState? state = null;
        await foreach (var entry in snapshot.ReadRuns(byDayFrom, until, cancellation))
        {
            if (entry.AccountId != accountId)
            {
                outstanding.Count(state, to.DayNumber);
                (accountId, state) = (entry.AccountId, entry.Kind < EntryKind.GiftReceived ? new WalletState() : new EarningsState());
            }
            outstanding.Count(state, DayAmount.DayOf(entry.RecordedAt) - 1);
            if (entry.Kind is EntryKind.GiftSent or EntryKind.GiftReceived) state!.ApplyRun(entry);
            else state!.Apply(entry);
        }
        outstanding.Count(state, to.DayNumber);
        return outstanding;
    }

    public Owing On(DateOnly day) => _days[day.DayNumber - _first];

    public CoinValue[] ValuesOn(DateOnly day) =>
        [.. _values.Select(value => new CoinValue(value.Key, value.Value[day.DayNumber - _first].Coins, value.Value[day.DayNumber - _first].Paid)).Where(value => value.Coins > 0)];

    /// <summary>Counts a state that stood at the ends of the days from its last line's to <paramref name="throughDay"/>.</summary>
    private void Count(AccountState? state, int throughDay)
    {
        if (state is null || state.Seq == 0) return;
        var fromDay = Math.Max(DayAmount.DayOf(state.LastRecordedAt), _first);
        if (fromDay > throughDay) return;
        if (state is WalletState wallet) Count(wallet, fromDay, throughDay);
        else if (state is EarningsState earnings) Count(earnings, fromDay, throughDay);
    }

    private void Count(WalletState wallet, int fromDay, int throughDay)
    {
        if (wallet.Balance == 0) return;
        var idleFrom = DayAmount.DayOf(wallet.LastRecordedAt) + IdleAfterDays;
        var paid = wallet.Lots.Sum(lot => lot.Paid);
        for (var day = fromDay; day <= throughDay; day++)
        {
            ref var sum = ref _days[day - _first];
            sum = checked(sum with { PaidCoins = sum.PaidCoins + paid, BonusCoins = sum.BonusCoins + wallet.Balance - paid, Idle = sum.Idle + (day >= idleFrom ? wallet.Balance : 0) });
        }
        foreach (var lot in wallet.Lots)
        {
            if (lot.Paid == 0) continue;
            var left = lot.Price.AmountMinor - GiftMoney.Spread(lot.Price.AmountMinor, lot.PaidCoins - lot.Paid, lot.PaidCoins);
            if (!_values.TryGetValue(lot.Price.Currency, out var values)) _values[lot.Price.Currency] = values = new (long, long)[_days.Length];
            for (var day = fromDay - _first; day <= throughDay - _first; day++) values[day] = checked((values[day].Coins + lot.Paid, values[day].Paid + left));
        }
    }

    /// <summary>Once nothing is held any more, nothing changes by itself.</summary>
    private void Count(EarningsState earnings, int fromDay, int throughDay)
    {
        var (pending, available, owed) = (long.MaxValue, 0L, 0L);
        for (var day = fromDay; day <= throughDay; day++)
        {
            var at = StartOf(day + 1);
            if (pending != 0) (pending, available, owed) = (earnings.PendingAt(at, _hold), earnings.AvailableAt(at, _hold), earnings.OwedAt(at, _hold));
            var sum = _days[day - _first];
            _days[day - _first] = checked(sum with { Pending = sum.Pending + pending, Available = sum.Available + available, Owed = sum.Owed + owed });
        }
    }

    private static DateTimeOffset StartOf(int day) => new(DateOnly.FromDayNumber(day).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
