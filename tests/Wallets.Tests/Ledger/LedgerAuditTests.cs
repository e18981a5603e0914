using Wallets.Grains.Accounts;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Ledger.Audit;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Ledger;

public sealed class PostgresAuditTests(Databases databases) : LedgerAuditTests(databases, Engine.Postgres);

public sealed class SqliteAuditTests(Databases databases) : LedgerAuditTests(databases, Engine.Sqlite);

/// <summary>
/// The audit finds what it is there to find: each test damages a healthy ledger past its own rules, as a broken disk or a bad
/// superuser would, and names the invariant that must be reported.
/// </summary>
public abstract class LedgerAuditTests(Databases databases, Engine engine) : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private ILedger _ledger = null!;
    private long _ann, _cleo;

    public async ValueTask InitializeAsync()
    {
        _database = await databases.Create(engine);
        _ledger = _database.Connect();
        await _ledger.PublishRateCard(Some.Rate);
        _ann = await _ledger.OpenAccount(AccountKind.Wallet, "ann");
        _cleo = await _ledger.OpenAccount(AccountKind.Earnings, "cleo");
        var gift = Some.Gift(_ann, _cleo, 10, 2, 100);
        await _ledger.Write(Some.Purchase(_ann, 100), gift, Some.Credit(gift, 1, 0));
        await Unprotect();
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)_ledger).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_healthy_ledger_is_clean_and_its_books_balance()
    {
        var report = await Audit();

        Assert.Empty(report.Violations);
        Assert.Equal((2, 3, 0), (report.Accounts, report.Entries, report.InFlight));
        Assert.Contains(new BookLine("coins", "wallets", 90), report.TrialBalance);
        Assert.Contains(new BookLine("diamonds", "earnings", 5), report.TrialBalance);
        Assert.Contains(new BookLine("money USD", "received", 499), report.TrialBalance);
    }

    [Fact]
    public async Task Payouts_on_their_way_balance_too()
    {
        await _ledger.Write(
            OfEarnings(2, EntryKind.PayoutReserved, -4, 1, new EntryDetail(Price: new Money(4, "USD"))),
            OfEarnings(3, EntryKind.PayoutReturned, 1, 2, new EntryDetail()),
            OfEarnings(4, EntryKind.PayoutPaid, 0, 2, new EntryDetail(Diamonds: 2)));

        var report = await Audit();

        Assert.Empty(report.Violations);
        Assert.Equal([("earnings", 2), ("reserved", 1), ("paid", 2), ("issued", -5), ("in_flight", 0)],
            new[] { "earnings", "reserved", "paid", "issued", "in_flight" }.Select(account => (account, (int)report.TrialBalance.Single(line => line.Asset == "diamonds" && line.Account == account).Balance)));
    }

    private Entry OfEarnings(long seq, EntryKind kind, long amount, long after, EntryDetail detail) => new()
    {
        AccountId = _cleo,
        Seq = seq,
        TransferId = Some.Key(),
        Kind = kind,
        Amount = amount,
        BalanceAfter = after,
        Detail = detail,
    };

    [Fact]
    public async Task A_young_gift_in_flight_is_no_violation()
    {
        await _ledger.Write(Some.Gift(_ann, _cleo, 10, 3, 90));

        var report = await Audit();

        Assert.Empty(report.Violations);
        Assert.Equal(1, report.InFlight);
    }

    [Theory]
    [InlineData(1, "DELETE FROM entries WHERE kind = 1", "an entry that the balances rest on is gone")]
    [InlineData(2, "UPDATE entries SET balance_after = 95 WHERE kind = 2", "a balance is not the sum")]
    [InlineData(3, "UPDATE entries SET seq = 5 WHERE kind = 2", "a seq is missing")]
    [InlineData(4, "UPDATE entries SET amount = 6, balance_after = 6 WHERE kind = 11", "a credit is not what its gift gives")]
    [InlineData(4, "UPDATE entries SET diamonds = 6 WHERE kind = 2", "a gift is not priced by its rate card")]
    [InlineData(4, "UPDATE entries SET rate_version = 9 WHERE kind = 2", "a gift names no published rate card")]
    [InlineData(4, "DELETE FROM entries WHERE kind = 2", "a credit has no gift")]
    [InlineData(7, "UPDATE entries SET amount = -110, balance_after = -10 WHERE kind = 2", "a wallet is below its floor")]
    [InlineData(8, "DELETE FROM entries WHERE kind = 11", "a gift is unsettled for too long")]
    public async Task Damage_is_reported_by_the_invariant_it_breaks(int invariant, string damage, string what)
    {
        await _database.Execute(damage);

        var report = await Audit(settleWithin: TimeSpan.FromSeconds(-10));

        Assert.True(report.Violations.Any(violation => violation.Invariant == invariant), $"{what}: reported {string.Join("; ", report.Violations)}");
    }

    [Fact]
    public async Task A_payment_that_minted_in_two_wallets_is_reported()
    {
        var bob = await _ledger.OpenAccount(AccountKind.Wallet, "bob");
        await _ledger.Write(Some.Purchase(_ann, 50, 3, 90, payment: "p"));
        await _ledger.Write(Some.Purchase(bob, 50, payment: "p"));

        var report = await Audit();

        Assert.Equal([5], report.Violations.Select(violation => violation.Invariant));
    }

    [Fact]
    public async Task A_gift_credited_twice_is_reported()
    {
        await _database.Execute("INSERT INTO entries SELECT account_id, 2, transfer_id, amount, balance_after + amount, counterparty, recorded_at, kind, NULL, NULL, NULL, NULL, NULL, NULL FROM entries WHERE kind = 11");

        var report = await Audit();

        Assert.Contains(report.Violations, violation => violation.Invariant == 6);
        Assert.Contains(report.Violations, violation => violation.Invariant == 1);
    }

    [Theory]
    [InlineData(null, null, "a refund that is taken back")]
    [InlineData(8, "DELETE FROM entries WHERE kind = 15", "a refunded gift is not taken back for too long")]
    [InlineData(4, "DELETE FROM entries WHERE kind = 7", "a clawback has no refunded gift")]
    [InlineData(4, "UPDATE entries SET counterparty = account_id WHERE kind = 15", "a clawback is of nobody's gift")]
    [InlineData(3, "UPDATE entries SET amount = -4, balance_after = 1 WHERE kind = 15", "a clawback takes less than it says")]
    [InlineData(4, "UPDATE entries SET transfer_id = (SELECT transfer_id FROM entries WHERE kind = 1) WHERE kind = 2", "a refunded gift was never sent")]
    public async Task Refunds_are_audited(int? invariant, string? damage, string what)
    {
        await WriteRefund();
        if (damage is not null) await _database.Execute(damage);

        var report = await Audit(settleWithin: TimeSpan.FromSeconds(-10));

        if (invariant is null) Assert.Empty(report.Violations);
        else Assert.True(report.Violations.Any(violation => violation.Invariant == invariant), $"{what}: reported {string.Join("; ", report.Violations)}");
    }

    private async Task WriteRefund()
    {
        var (trace, entries) = (LotTrace.OfAll(), await _ledger.Read(_ann, 0, 10));
        foreach (var entry in entries) trace.Apply(entry);
        var refund = RefundDecisions.Refund(_ann, trace, entries[0], new RefundOrder(Some.Key(), "dev", entries[0].Detail!.Payment!, RefundDecisions.WholeBasisPoints, IsDispute: false, "asked for"))!;
        var state = new EarningsState();
        var credit = (await _ledger.Read(_cleo, 0, 10))[0];
        state.Apply(credit);
        var clawback = EarningsDecisions.ClawBack(_cleo, state, Correction.Of(refund[1]), EarningsState.DayOf(credit), TimeSpan.FromDays(7), 100, credit.RecordedAt);
        await _ledger.Write([.. refund, clawback]);
    }

    private Task<AuditReport> Audit(TimeSpan? settleWithin = null) => new LedgerAudit(_ledger, TimeProvider.System).Run(settleWithin ?? TimeSpan.FromMinutes(1));

    private async Task Unprotect()
    {
        if (engine == Engine.Postgres)
        {
            await _database.Execute("ALTER TABLE entries DISABLE TRIGGER ALL");
            await _database.Execute("ALTER TABLE entries DROP CONSTRAINT wallets_keep_the_floor");
            await _database.Execute("DROP INDEX entries_credit");
            await _database.Execute("DROP INDEX entries_transfer");
            return;
        }
        // SQLite cannot drop a constraint: the table is made anew without any.
        await _database.Execute(
            """
            DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete;
            DROP VIEW trial_balance;
            ALTER TABLE entries RENAME TO guarded;
            CREATE TABLE entries AS SELECT * FROM guarded;
            """);
        await _database.Execute("DROP TABLE guarded; DROP VIEW postings");
        var schema = await File.ReadAllTextAsync(Repository.File("src/Wallets.Ledger/Sqlite/0002-money-in-and-out.sql"));
        await _database.Execute(schema[schema.IndexOf("CREATE VIEW postings", StringComparison.Ordinal)..]);
    }
}
