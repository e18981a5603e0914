using System.Globalization;
using CsCheck;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Ledger.Finance;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

public sealed class PostgresHistoryTests(Databases databases) : HistoryLedgerTests(databases, Engine.Postgres)
{
    /// <summary>By hand: <c>--explicit only --filter-method '*A_wallet_of_a_million_lines*'</c> prints how long it takes.</summary>
    [Fact(Explicit = true)]
    public async Task A_wallet_of_a_million_lines_is_traced_and_totalled()
    {
        var database = await Databases.Create(Engine.Postgres);
        var ledger = database.Connect();
        await using var _ = (IAsyncDisposable)ledger;
        var (ann, cleo) = (await ledger.OpenAccount(AccountKind.Wallet, "ann"), await ledger.OpenAccount(AccountKind.Earnings, "cleo"));
        await database.Execute(
            $$"""
            INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail)
            SELECT {{ann}}, n, gen_random_uuid(), CASE WHEN p = 0 THEN 999 ELSE -1 END, 999 - p, CASE WHEN p = 0 THEN 0 ELSE {{cleo}} END, '2026-01-01'::timestamptz + n * interval '10 seconds',
                   CASE WHEN p = 0 THEN 1 ELSE 2 END, CASE WHEN p > 0 THEN 1 END, CASE WHEN p > 0 THEN 1 END, CASE WHEN p > 0 THEN 1 END, CASE WHEN p > 0 THEN '6f1d3c52-8a0b-5a3e-9a57-2f0c6b1e7d44'::uuid END,
                   CASE WHEN p > 0 THEN 'rose' END,
                   CASE WHEN p = 0 THEN jsonb_build_object('channel', 'dev', 'payment', n::text, 'packId', 'p', 'price', jsonb_build_object('amountMinor', 499, 'currency', 'USD')) END
            FROM (SELECT n, (n - 1) % 1000 AS p FROM generate_series(1, 1000000) AS n) lines
            """);
        var last = (await ledger.Read(ann, 999_999, 1))[0];

        foreach (var round in new[] { "cold", "warm" })
        {
            var begun = TimeProvider.System.GetTimestamp();
            var trace = await ledger.TraceGift(last);
            Print($"trace, {round}", begun);
            Assert.Equal(998, Assert.Single(trace.Uses).PaidBefore);
        }
        foreach (var (first, end) in new[] { (new DateOnly(2026, 3, 31), new DateOnly(2026, 3, 31)), (new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 31)) })
        {
            var begun = TimeProvider.System.GetTimestamp();
            await new DailyTotals(ledger, AnyHistory.Hold).Run(first, end);
            Print($"totals of {end.DayNumber - first.DayNumber + 1} days", begun);
        }

        static void Print(string what, long begun) => TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds:0} ms");
    }
}

public sealed class SqliteHistoryTests(Databases databases) : HistoryLedgerTests(databases, Engine.Sqlite);

/// <summary>What is read of a ledger in few lines is what all its lines say, whatever happened, on each engine.</summary>
public abstract class HistoryLedgerTests(Databases databases, Engine engine)
{
    protected Databases Databases { get; } = databases;

    private const int Rounds = 8;
    private const int Wallets = 4;

    [Fact]
    public Task Totals_are_what_folding_every_line_up_to_each_days_end_says() => AnyHistory.Commands.Array[Wallets].SampleAsync(async histories =>
    {
        var (ledger, entries) = await Given(histories);
        await using var _ = (IAsyncDisposable)ledger;
        var last = entries.Count == 0 ? AnyHistory.Start : entries.Max(entry => entry.RecordedAt);
        var (from, to) = (DayOf(AnyHistory.Start).AddDays(1), DayOf(last).AddDays(9));

        var days = await new DailyTotals(ledger, AnyHistory.Hold).Run(from, to);

        Assert.Equal(to.DayNumber - from.DayNumber + 1, days.Count);
        foreach (var day in days) Compare(day, entries);
    }, iter: Rounds, threads: 1);

    [Fact]
    public Task A_gifts_coins_are_traced_by_the_lines_between_the_gifts_as_by_all_of_them() => AnyHistory.Commands.Array[Wallets].SampleAsync(async histories =>
    {
        var (ledger, entries) = await Given(histories);
        await using var _ = (IAsyncDisposable)ledger;

        foreach (var wallet in entries.Where(entry => entry.Kind < EntryKind.GiftReceived).GroupBy(entry => entry.AccountId))
            foreach (var gift in wallet.Where(entry => entry.Kind == EntryKind.GiftSent))
            {
                var all = LotTrace.OfGift(gift.TransferId);
                foreach (var entry in wallet) all.Apply(entry);

                var few = await ledger.TraceGift(gift);

                Assert.Equal(all.Uses, few.Uses);
                Assert.Equal(all.Uses.Select(all.RefundedOf), few.Uses.Select(few.RefundedOf));
                Assert.Equal(all.Lots, few.Lots);
            }
    }, iter: Rounds, threads: 1);

    [Fact]
    public async Task However_many_gifts_a_wallet_has_sent_a_receipt_reads_only_the_lines_between_them()
    {
        const int gifts = 3_000;
        var database = await Databases.Create(engine);
        var ledger = new CountingLedger(database.Connect());
        await using var _ = ledger;
        var (ann, cleo) = (await ledger.OpenAccount(AccountKind.Wallet, "ann"), await ledger.OpenAccount(AccountKind.Earnings, "cleo"));
        var entries = new List<Entry> { Some.Purchase(ann, 2 * gifts), Some.Purchase(ann, 2 * gifts, 2, 2 * gifts) };
        for (var i = 0; i < gifts; i++) entries.Add(Some.Gift(ann, cleo, 1, i + 3, 4 * gifts - i));
        await ledger.Write([.. entries]);

        var trace = await ledger.TraceGift(entries[^1]);

        Assert.Equal(2, ledger.EntriesRead);
        var use = Assert.Single(trace.Uses);
        Assert.Equal((entries[0].TransferId, 1L, gifts - 1L), (use.Lot, use.Paid, use.PaidBefore));
    }

    private static void Compare(DayTotals day, List<Entry> entries)
    {
        var end = new DateTimeOffset(day.Day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var soFar = entries.Where(entry => entry.RecordedAt < end).GroupBy(entry => entry.AccountId).Select(account => account.ToList()).ToList();
        var wallets = soFar.Where(account => account[0].Kind < EntryKind.GiftReceived).Select(account => Fold(new WalletState(), account)).ToList();
        var earnings = soFar.Where(account => account[0].Kind >= EntryKind.GiftReceived).Select(account => Fold(new EarningsState(), account)).ToList();
        long Moved(params EntryKind[] kinds) => entries.Where(entry => DayOf(entry.RecordedAt) == day.Day && kinds.Contains(entry.Kind)).Sum(entry => entry.Amount);

        Assert.Equal(
            (wallets.Sum(state => state.Balance), wallets.Sum(state => state.Lots.Sum(lot => lot.Paid)), wallets.Sum(state => state.Lots.Sum(lot => lot.Bonus))),
            (day.Coins.Outstanding, day.Coins.OutstandingPaid, day.Coins.OutstandingBonus));
        Assert.Equal(day.Coins.Outstanding, day.Coins.OutstandingPaid + day.Coins.OutstandingBonus);
        Assert.Equal(
            (Moved(EntryKind.Purchase), Moved(EntryKind.GiftSent), Moved(EntryKind.Refunded, EntryKind.RefundReversed)),
            (day.Coins.Issued, day.Coins.Spent, day.Coins.Refunded));
        Assert.Equal(
            (earnings.Sum(state => state.PendingAt(end, AnyHistory.Hold)), earnings.Sum(state => state.AvailableAt(end, AnyHistory.Hold)), earnings.Sum(state => state.OwedAt(end, AnyHistory.Hold))),
            (day.Diamonds.Pending, day.Diamonds.Available, day.Diamonds.Owed));
        Assert.Equal((earnings.Sum(state => state.Balance), earnings.Sum(state => state.Reserved)), (day.Diamonds.Outstanding, day.Diamonds.Reserved));
        Assert.Equal(day.Diamonds.Outstanding, day.Diamonds.Pending + day.Diamonds.Available - day.Diamonds.Owed);

        var values = wallets.SelectMany(state => state.Lots).Where(lot => lot.Paid > 0).GroupBy(lot => lot.Price.Currency).OrderBy(lots => lots.Key, StringComparer.Ordinal)
            .Select(lots => new CoinValue(lots.Key, lots.Sum(lot => lot.Paid), lots.Sum(lot => lot.Price.AmountMinor - lot.Price.AmountMinor * (lot.PaidCoins - lot.Paid) / lot.PaidCoins)));
        Assert.Equal(values, day.Liability);
    }

    private static T Fold<T>(T state, List<Entry> entries) where T : AccountState
    {
        foreach (var entry in entries) state.Apply(entry);
        return state;
    }

    /// <summary>A ledger of its own with each history as a wallet and creators of its own, written with the times of the history.</summary>
    private async Task<(ILedger Ledger, List<Entry> Entries)> Given((Act Act, int Size)[][] histories)
    {
        var database = await Databases.Create(engine);
        var entries = new List<Entry>();
        for (var i = 0; i < histories.Length; i++)
        {
            var history = new AnyHistory();
            foreach (var (act, size) in histories[i]) history.Do(act, size);
            long Own(long account) => account == 0 ? 0 : account + i * (AnyHistory.Creators + 1);
            foreach (var entry in history.Entries) entries.Add(entry with { AccountId = Own(entry.AccountId), Counterparty = Own(entry.Counterparty) });
        }
        var ledger = database.Connect();
        for (var i = 0; i < histories.Length; i++)
        {
            Assert.Equal(i * (AnyHistory.Creators + 1) + AnyHistory.Wallet, await ledger.OpenAccount(AccountKind.Wallet, $"wallet-{i}"));
            for (var creator = 0; creator < AnyHistory.Creators; creator++) await ledger.OpenAccount(AccountKind.Earnings, $"creator-{i}-{creator}");
        }
        foreach (var some in entries.Chunk(500)) await database.Execute(InsertOf(some));
        return (ledger, entries);
    }

    private string InsertOf(IEnumerable<Entry> entries) =>
        "INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail) VALUES\n"
        + string.Join(",\n", entries.Select(entry => string.Create(CultureInfo.InvariantCulture,
            $"({entry.AccountId}, {entry.Seq}, {Uuid(entry.TransferId)}, {entry.Amount}, {entry.BalanceAfter}, {entry.Counterparty}, {Time(entry.RecordedAt)}, {(short)entry.Kind}, ")
            + (entry.Gift is { } gift ? string.Create(CultureInfo.InvariantCulture, $"{gift.RateVersion}, {gift.Quantity}, {gift.Diamonds}, {Uuid(gift.StreamId)}, '{gift.GiftId}', ") : "NULL, NULL, NULL, NULL, NULL, ")
            + (entry.Detail is { } detail ? $"'{EntryJson.Write(detail).Replace("'", "''", StringComparison.Ordinal)}')" : "NULL)")));

    private string Uuid(Guid id) => engine == Engine.Postgres ? $"'{id}'::uuid" : $"x'{Convert.ToHexString(id.ToByteArray(bigEndian: true))}'";

    private string Time(DateTimeOffset time) => engine == Engine.Postgres ? $"'{time.UtcDateTime:O}'::timestamptz" : $"{time.ToUnixTimeMilliseconds() * 1000}";

    private static DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);

    private sealed class CountingLedger(ILedger inner) : WrappedLedger(inner), IAsyncDisposable
    {
        private readonly ILedger _inner = inner;

        public int EntriesRead { get; private set; }

        public override async Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit) => Count(await base.Read(accountId, afterSeq, limit));

        public override async Task<IReadOnlyList<Entry>> ReadBetweenGifts(long accountId, long afterSeq, int limit) => Count(await base.ReadBetweenGifts(accountId, afterSeq, limit));

        public ValueTask DisposeAsync() => ((IAsyncDisposable)_inner).DisposeAsync();

        private IReadOnlyList<Entry> Count(IReadOnlyList<Entry> entries)
        {
            EntriesRead += entries.Count;
            return entries;
        }
    }
}
