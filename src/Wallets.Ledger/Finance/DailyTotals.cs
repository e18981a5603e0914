using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Finance;

/// <summary>
/// What finance asks of the ledger by day, on one snapshot, which holds up no writer. Days are UTC's. What moved is two queries; what was
/// owed at a day's end is a fold of every account (<see cref="Outstanding"/>), over its runs of gifts, not each of them.
/// Breakage is coins that will not be spent: certain when they expire, expected when a wallet has been idle for a year.
/// </summary>
/// <param name="hold">How long diamonds are pending.</param>
public sealed class DailyTotals(ILedger ledger, TimeSpan hold)
{
    private static readonly int FirstDay = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    /// <summary>What the entries of one kind moved on one day. <see cref="Diamonds"/> is said by the detail.</summary>
    private sealed record Moved(long Day, EntryKind Kind, long Amount, long Diamonds);

    private sealed record Cash(long Day, EntryKind Kind, string Channel, string Currency, long Amount);

    public async Task<IReadOnlyList<DayTotals>> Run(DateOnly from, DateOnly to, CancellationToken cancellation = default)
    {
        await using var snapshot = await ledger.OpenSnapshot(cancellation);
        var until = new DateTimeOffset(to.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var moved = await ReadMoved(snapshot, until, cancellation);
        var cash = await ReadCash(snapshot, from, until, cancellation);
        var outstanding = await Outstanding.Read(snapshot, hold, from, to, cancellation);

        var days = new List<DayTotals>();
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            var number = NumberOf(day);
            days.Add(new(day, CoinsOf(number, moved, outstanding.On(day), outstanding.On(day.AddDays(-1))), DiamondsOf(number, moved, outstanding.On(day)), MoneyOf(number, cash), outstanding.ValuesOn(day)));
        }
        return days;
    }

    /// <summary>From the first entry on: what is outstanding is the sum of all that moved.</summary>
    private static Task<IReadOnlyList<Moved>> ReadMoved(IAuditSnapshot snapshot, DateTimeOffset until, CancellationToken cancellation) => snapshot.Query(
        $"""
        SELECT {snapshot.DaysSinceEpoch("recorded_at")}, kind, CAST(SUM(amount) AS bigint), COALESCE(CAST(SUM(CAST(detail ->> 'diamonds' AS bigint)) AS bigint), 0)
        FROM entries WHERE recorded_at < {snapshot.Time(until)} GROUP BY 1, 2
        """,
        row => new Moved(row.GetInt64(0), (EntryKind)row.GetInt16(1), row.GetInt64(2), row.GetInt64(3)), cancellation);

    private static Task<IReadOnlyList<Cash>> ReadCash(IAuditSnapshot snapshot, DateOnly from, DateTimeOffset until, CancellationToken cancellation) => snapshot.Query(
        $"""
        SELECT {snapshot.DaysSinceEpoch("recorded_at")}, kind, COALESCE(detail ->> 'channel', 'payouts'), detail -> 'price' ->> 'currency',
               CAST(SUM(CAST(detail -> 'price' ->> 'amountMinor' AS bigint)) AS bigint)
        FROM entries WHERE kind IN (1, 5, 6, 14) AND detail -> 'price' ->> 'currency' IS NOT NULL
          AND recorded_at >= {snapshot.Time(new(from.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero))} AND recorded_at < {snapshot.Time(until)}
        GROUP BY 1, 2, 3, 4
        """,
        row => new Cash(row.GetInt64(0), (EntryKind)row.GetInt16(1), row.GetString(2), row.GetString(3), row.GetInt64(4)), cancellation);

    private static CoinTotals CoinsOf(long day, IReadOnlyList<Moved> moved, Owing now, Owing before)
    {
        long Of(params ReadOnlySpan<EntryKind> kinds) => AmountOf(day, moved, kinds);
        var expired = Of(EntryKind.Expired);
        return new(
            Of(EntryKind.Purchase), Of(EntryKind.BonusGranted), Of(EntryKind.GiftSent), expired, Of(EntryKind.Refunded, EntryKind.RefundReversed), Of(EntryKind.Adjusted),
            moved.Where(one => one.Day <= day && one.Kind < EntryKind.GiftReceived).Sum(one => one.Amount), now.PaidCoins, now.BonusCoins, now.Idle, -expired + now.Idle - before.Idle);
    }

    private static DiamondTotals DiamondsOf(long day, IReadOnlyList<Moved> moved, Owing now)
    {
        long Of(params ReadOnlySpan<EntryKind> kinds) => AmountOf(day, moved, kinds);
        var soFar = moved.Where(one => one.Day <= day && one.Kind >= EntryKind.GiftReceived).ToList();
        var reserved = soFar.Where(one => one.Kind is EntryKind.PayoutReserved or EntryKind.PayoutReturned).Sum(one => -one.Amount)
            - soFar.Where(one => one.Kind == EntryKind.PayoutPaid).Sum(one => one.Diamonds);
        return new(
            Of(EntryKind.GiftReceived), Of(EntryKind.ClawedBack, EntryKind.ClawbackReversed), Of(EntryKind.PayoutReserved), Of(EntryKind.PayoutReturned),
            moved.Where(one => one.Day == day && one.Kind == EntryKind.PayoutPaid).Sum(one => one.Diamonds), Of(EntryKind.EarningsAdjusted),
            soFar.Sum(one => one.Amount), now.Pending, now.Available, now.Owed, reserved);
    }

    private static MoneyTotals[] MoneyOf(long day, IReadOnlyList<Cash> cash) =>
    [
        .. cash.Where(one => one.Day == day).GroupBy(one => (one.Channel, one.Currency)).OrderBy(group => group.Key).Select(group =>
        {
            long Of(EntryKind kind) => group.Where(one => one.Kind == kind).Sum(one => one.Amount);
            return new MoneyTotals(group.Key.Channel, group.Key.Currency, Of(EntryKind.Purchase), Of(EntryKind.Refunded) - Of(EntryKind.RefundReversed), Of(EntryKind.PayoutPaid));
        }),
    ];

    private static long AmountOf(long day, IReadOnlyList<Moved> moved, ReadOnlySpan<EntryKind> kinds)
    {
        long sum = 0;
        foreach (var one in moved)
            if (one.Day == day && kinds.Contains(one.Kind)) sum += one.Amount;
        return sum;
    }

    private static long NumberOf(DateOnly day) => day.DayNumber - FirstDay;
}
