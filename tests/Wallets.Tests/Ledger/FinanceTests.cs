using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Ledger.Finance;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

public sealed class PostgresFinanceTests(Databases databases) : FinanceTests(databases, Engine.Postgres);

public sealed class SqliteFinanceTests(Databases databases) : FinanceTests(databases, Engine.Sqlite);

/// <summary>What finance reads from the ledger, on each engine.</summary>
public abstract class FinanceTests(Databases databases, Engine engine) : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private ILedger _ledger = null!;
    private long _ann, _cleo;

    public async ValueTask InitializeAsync()
    {
        _database = await databases.Create(engine);
        _ledger = _database.Connect();
        _ann = await _ledger.OpenAccount(AccountKind.Wallet, "ann");
        _cleo = await _ledger.OpenAccount(AccountKind.Earnings, "cleo");
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)_ledger).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_day_says_what_moved_and_what_is_owed_at_its_end()
    {
        var lot = Some.Key();
        var granted = Entry(_ann, 2, EntryKind.BonusGranted, 30, 130, new(Campaign: "spring", Bonus: 30));
        var gift = Some.Gift(_ann, _cleo, 40, 4, 125);
        var at = await _ledger.Write(
            Some.Purchase(_ann, 100, key: lot, payment: "p-1"),
            granted,
            Entry(_ann, 3, EntryKind.Expired, -5, 125, new(Lot: granted.TransferId)),
            gift,
            Entry(_ann, 5, EntryKind.Refunded, -25, 60, new(Channel: "dev", Payment: "p-1", Lot: lot, Coins: 25, Price: new Money(125, "USD"))),
            Some.Credit(gift, 1, 0),
            Entry(_cleo, 2, EntryKind.PayoutReserved, -12, 8, new(Price: new Money(12, "USD"))),
            Entry(_cleo, 3, EntryKind.PayoutReturned, 4, 12, new()),
            Entry(_cleo, 4, EntryKind.PayoutPaid, 0, 12, new(Diamonds: 5, Price: new Money(5, "USD"))));
        var today = DateOnly.FromDateTime(at.UtcDateTime);

        var days = await new DailyTotals(_ledger, TimeSpan.FromDays(7)).Run(today.AddDays(-1), today.AddDays(1));

        Assert.Equal([today.AddDays(-1), today, today.AddDays(1)], days.Select(day => day.Day));
        Assert.Equal(new CoinTotals(100, 30, -40, -5, -25, 0, 60, 60, 0, 0, 5), days[1].Coins);
        Assert.Equal(new DiamondTotals(20, 0, -12, 4, 5, 0, 12, 8, 4, 0, 3), days[1].Diamonds);
        Assert.Equal([new CoinValue("USD", 60, 300)], days[1].Liability);   // 60 of 100 coins for 499 cents: the other 40 cost 199
        Assert.Equal([new MoneyTotals("dev", "USD", 499, 125, 0), new MoneyTotals("payouts", "USD", 0, 0, 5)], days[1].Money);
        Assert.Equal((0, 60, 12), (days[0].Coins.Outstanding, days[2].Coins.Outstanding, days[2].Diamonds.Outstanding));
        Assert.Equal(0, days[2].Coins.Issued);
    }

    [Fact]
    public async Task Coins_of_a_wallet_without_a_line_for_a_year_count_as_breakage_once()
    {
        var old = TimeProvider.System.GetUtcNow().AddDays(-370);
        await Insert(_ann, 1, 70, 70, old);
        var idleFrom = DateOnly.FromDateTime(old.UtcDateTime).AddDays(365);

        var days = await new DailyTotals(_ledger, TimeSpan.FromDays(7)).Run(idleFrom.AddDays(-1), idleFrom.AddDays(1));

        Assert.Equal([(0, 0), (70, 70), (70, 0)], days.Select(day => ((int)day.Coins.Idle, (int)day.Coins.Breakage)));
    }

    [Fact]
    public async Task Lines_are_found_by_time()
    {
        var first = new DateTimeOffset(2026, 1, 30, 0, 0, 0, TimeSpan.Zero);
        for (var seq = 1; seq <= 9; seq++) await Insert(_ann, seq, 1, seq, first.AddDays(seq / 2));   // three on a day now and then

        for (var day = -1; day <= 6; day++)
        {
            var time = first.AddDays(day);
            var expected = Enumerable.Range(1, 9).LastOrDefault(seq => first.AddDays(seq / 2) < time);
            Assert.Equal(expected, (await _ledger.FindLastBefore(_ann, time, 9))?.Seq ?? 0);
        }
        Assert.Null(await _ledger.FindLastBefore(_cleo, first, 0));
    }

    [Fact]
    public async Task All_accounts_are_read_in_order_and_in_slices()
    {
        var gift = Some.Gift(_ann, _cleo, 40, 2, 100);
        await _ledger.Write(Some.Purchase(_ann, 100), gift, Some.Credit(gift, 1, 0));

        var two = await _ledger.ReadAll(0, 0, 2);
        var rest = await _ledger.ReadAll(two[1].AccountId, two[1].Seq, 2);

        Assert.Equal([(_ann, 1L), (_ann, 2L), (_cleo, 1L)], two.Concat(rest).Select(entry => (entry.AccountId, entry.Seq)));
    }

    [Fact]
    public async Task A_report_is_compared_by_payment_and_what_either_side_lacks_is_named()
    {
        var (lot, google) = (Some.Key(), Some.Purchase(_ann, 100, 2, 100, payment: "token"));
        await _ledger.Write(
            Some.Purchase(_ann, 100, key: lot, payment: "p-1"),
            google with { Detail = google.Detail! with { Reference = "order-7" } },
            Some.Purchase(_ann, 100, 3, 200, payment: "p-3"),
            Entry(_ann, 4, EntryKind.Refunded, -100, 200, new(Channel: "dev", Payment: "p-1", Lot: lot, Coins: 100, Price: new Money(499, "USD"))));
        var reconciliation = await Reconciliation.Open(_ledger, "dev", null, null, default);

        string?[] said =
        [
            reconciliation.Take(new(2, "payment", "p-1", new(400, "USD"))), reconciliation.Take(new(3, "payment", "p-1", new(99, "USD"))),
            reconciliation.Take(new(4, "payment", "order-7", new(499, "USD"))), reconciliation.Take(new(5, "refund", "p-1", new(498, "USD"))),
            reconciliation.Take(new(6, "payment", "p-9", new(1, "USD"))), reconciliation.Take(new(7, "payment", "p-1", new(1, "EUR"))),
        ];

        Assert.Equal([null, null, null, null, "missing in the ledger: payment p-9 of 1 USD (line 6)", "missing in the ledger: payment p-1 of 1 EUR (line 7)"], said);
        Assert.Equal(["amounts differ: refund p-1: 498 USD in the report, 499 in the ledger", "missing in the report: payment p-3 of 499 USD"], reconciliation.FindRest().Order());
        Assert.Equal(2, reconciliation.Matched);
    }

    [Fact]
    public async Task Payouts_go_by_the_providers_reference_and_a_month_has_an_edge()
    {
        await _ledger.Write(
            Entry(_cleo, 1, EntryKind.EarningsAdjusted, 100, 100, new(Reason: "begin")),
            Entry(_cleo, 2, EntryKind.PayoutReserved, -100, 0, new(Price: new Money(100, "USD"))),
            Entry(_cleo, 3, EntryKind.PayoutPaid, 0, 0, new(Diamonds: 100, Price: new Money(100, "USD"), PaidOut: new Money(91, "EUR"), Reference: "po-1")));
        var now = TimeProvider.System.GetUtcNow();

        var ofMonth = await Reconciliation.Open(_ledger, Reconciliation.Payouts, now.AddDays(-1), now.AddDays(1), default);
        var ofLater = await Reconciliation.Open(_ledger, Reconciliation.Payouts, now.AddDays(2), now.AddDays(30), default);

        Assert.Equal("missing in the report: payout po-1 of 91 EUR", Assert.Single(ofMonth.FindRest()));
        Assert.Empty(ofLater.FindRest());
        Assert.Null(ofLater.Take(new(2, "payout", "po-1", new(91, "EUR"))));
    }

    private static Entry Entry(long account, long seq, EntryKind kind, long amount, long after, EntryDetail detail) =>
        new() { AccountId = account, Seq = seq, TransferId = Some.Key(), Kind = kind, Amount = amount, BalanceAfter = after, Detail = detail };

    /// <summary>Coins that an operator gave at a time of the past.</summary>
    private Task Insert(long account, long seq, long amount, long after, DateTimeOffset at) => _database.Execute(
        $$"""
        INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, detail)
        VALUES ({{account}}, {{seq}}, {{(engine == Engine.Postgres ? "gen_random_uuid()" : "randomblob(16)")}}, {{amount}}, {{after}}, 0,
                {{(engine == Engine.Postgres ? $"'{at.UtcDateTime:O}'" : $"{at.ToUnixTimeMilliseconds() * 1000}")}}, 9, '{"reason":"test"}')
        """);
}
