using System.Data.Common;
using Npgsql;
using Wallets.Ledger;
using Wallets.Ledger.Postgres;
using Wallets.Ledger.Sqlite;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Ledger;

public sealed class PostgresConformance(Databases databases) : LedgerConformance(databases, Engine.Postgres)
{
    [Theory]
    [InlineData("UPDATE entries SET amount = amount + 1")]
    [InlineData("DELETE FROM entries")]
    [InlineData("TRUNCATE entries")]
    [InlineData("UPDATE accounts SET name = 'other'")]
    [InlineData("DELETE FROM rate_cards")]
    [InlineData("CREATE TABLE mine (id int)")]
    [InlineData("ALTER TABLE entries DISABLE TRIGGER ALL")]
    public async Task The_application_may_only_read_and_insert(string sql)
    {
        await using var connection = new NpgsqlConnection(Database.ApplicationConnection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task The_horizon_waits_for_transactions_that_may_still_commit()
    {
        await using var connection = new NpgsqlConnection(Database.ApplicationConnection + ";Application Name=wallets-ledger");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var clock = new NpgsqlCommand("SELECT now()", connection);
        var begun = new DateTimeOffset((DateTime)(await clock.ExecuteScalarAsync())!);

        var whileOpen = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, []);
        await transaction.RollbackAsync();
        var afterwards = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, []);

        Assert.Equal(begun, whileOpen.Horizon);
        Assert.True(afterwards.Horizon > begun);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_cut_off_is_reported_as_perhaps_committed()
    {
        var settings = new NpgsqlConnectionStringBuilder(Database.ApplicationConnection);
        await using var proxy = new TcpProxy(settings.Port);
        settings.Port = proxy.Port;
        await using var ledger = new PostgresLedger(settings.ToString(), writers: 1);
        var ann = await ledger.OpenAccount(AccountKind.Wallet, "ann");
        proxy.LoseTheAnswerTo = sent => sent.Span.IndexOf("COMMIT\0"u8) >= 0;   // as long as it is not prepared

        var fault = await Assert.ThrowsAsync<LedgerFaultException>(() => ledger.Commit([Some.Append(Some.Purchase(ann, 100))], default));

        Assert.True(fault.MayHaveCommitted);
        await Eventually.Is(() => Ledger.LastSeq(ann), seq => seq == 1);
    }

    [Fact]
    public async Task A_flush_cut_off_before_its_commit_is_reported_as_not_written()
    {
        var settings = new NpgsqlConnectionStringBuilder(Database.ApplicationConnection);
        await using var proxy = new TcpProxy(settings.Port);
        settings.Port = proxy.Port;
        await using var ledger = new PostgresLedger(settings.ToString(), writers: 1);
        var ann = await ledger.OpenAccount(AccountKind.Wallet, "ann");
        proxy.LoseTheAnswerTo = sent => sent.Span.IndexOf("COPY entries"u8) >= 0;

        var fault = await Assert.ThrowsAsync<LedgerFaultException>(() => ledger.Commit([Some.Append(Some.Purchase(ann, 100))], default));

        Assert.False(fault.MayHaveCommitted);
        Assert.Equal(0, await Ledger.LastSeq(ann));
    }

    [Fact]
    public async Task A_look_up_that_the_database_does_not_answer_fails_and_the_next_one_succeeds()
    {
        var settings = new NpgsqlConnectionStringBuilder(Database.ApplicationConnection);
        await using var proxy = new TcpProxy(settings.Port);
        settings.Port = proxy.Port;
        await using var ledger = new PostgresLedger(settings.ToString(), writers: 1);
        var purchase = Some.Purchase(await ledger.OpenAccount(AccountKind.Wallet, "ann"), 100);
        await ledger.Commit([Some.Append(purchase)], default);
        proxy.LoseTheAnswerTo = sent => sent.Span.IndexOf("unnest"u8) >= 0;

        await Assert.ThrowsAsync<LedgerFaultException>(() => ledger.FindTransfer(purchase.AccountId, purchase.TransferId));
        proxy.LoseTheAnswerTo = _ => false;
        var found = await ledger.FindTransfer(purchase.AccountId, purchase.TransferId);

        Assert.Equal(purchase.Amount, found?.Amount);
    }

    [Fact]
    public async Task The_hot_queries_use_their_indexes()
    {
        await Database.Execute("SET session_replication_role = replica; INSERT INTO entries SELECT a, s, gen_random_uuid(), 1, s, 0, now(), 1, NULL, NULL, NULL, NULL, NULL, '{\"payment\":\"p\"}' FROM generate_series(1, 100) a, generate_series(1, 100) s; DROP INDEX entries_payment; ANALYZE entries");
        await using var connection = new NpgsqlConnection(Database.ApplicationConnection);
        await connection.OpenAsync();

        foreach (var (sql, index) in new[]
        {
            ("SELECT seq FROM entries WHERE transfer_id = '00000000-0000-0000-0000-000000000001' AND account_id = 1 AND kind <> 11", "entries_transfer"),
            ("SELECT seq FROM entries WHERE transfer_id = '00000000-0000-0000-0000-000000000001' AND counterparty = 1 AND account_id = 2 AND kind = 11", "entries_credit"),
            ("SELECT seq FROM entries WHERE account_id = 1 AND seq > 90 ORDER BY seq", "entries_pkey"),
        })
        {
            await using var explain = new NpgsqlCommand("EXPLAIN " + sql, connection);
            Assert.Contains(index, (string)(await explain.ExecuteScalarAsync())!, StringComparison.Ordinal);
        }
    }
}

public sealed class SqliteConformance(Databases databases) : LedgerConformance(databases, Engine.Sqlite)
{
    [Fact]
    public void Commits_are_forced_to_the_disk()
    {
        using var connection = ((SqliteLedger)Ledger).Open();
        using var synchronous = connection.CreateCommand();
        synchronous.CommandText = "PRAGMA synchronous";
        using var journal = connection.CreateCommand();
        journal.CommandText = "PRAGMA journal_mode";

        Assert.Equal((2L, "wal"), ((long)synchronous.ExecuteScalar()!, (string)journal.ExecuteScalar()!));   // 2 is FULL
    }

    [Fact]
    public async Task An_entry_cannot_be_replaced()
    {
        var ann = await Ledger.OpenAccount(AccountKind.Wallet, "ann");
        await Ledger.Write(Some.Purchase(ann, 100));

        var refused = await Assert.ThrowsAnyAsync<DbException>(() => Database.Execute("INSERT OR REPLACE INTO entries SELECT account_id, seq, transfer_id, 500, 500, counterparty, recorded_at, kind, NULL, NULL, NULL, NULL, NULL, detail FROM entries"));

        Assert.Contains("append-only", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>What every engine of the ledger must do.</summary>
public abstract class LedgerConformance(Databases databases, Engine engine) : IAsyncLifetime
{
    private protected TestDatabase Database { get; private set; } = null!;
    private protected ILedger Ledger { get; private set; } = null!;
    private long Ann { get; set; }
    private long Bob { get; set; }
    private long Cleo { get; set; }

    public async ValueTask InitializeAsync()
    {
        Database = await databases.Create(engine);
        Ledger = Database.Connect();
        Ann = await Ledger.OpenAccount(AccountKind.Wallet, "ann");
        Bob = await Ledger.OpenAccount(AccountKind.Wallet, "bob");
        Cleo = await Ledger.OpenAccount(AccountKind.Earnings, "cleo");
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)Ledger).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Entries_are_read_back_as_they_were_written()
    {
        var purchase = Some.Purchase(Ann, 330, bonus: 30, expires: DateTimeOffset.UnixEpoch.AddDays(30_000), payment: string.Concat(Enumerable.Repeat("€-", 300)));
        var gift = Some.Gift(Ann, Cleo, 7, 2, 330);
        var credit = Some.Credit(gift, 1, 0);

        var recordedAt = await Ledger.Write(purchase, gift, credit);

        Assert.Equal([purchase with { RecordedAt = recordedAt }, gift with { RecordedAt = recordedAt }], await Ledger.Read(Ann, 0, 10));
        Assert.Equal([credit with { RecordedAt = recordedAt }], await Ledger.Read(Cleo, 0, 10));
        Assert.Equal(2, await Ledger.LastSeq(Ann));
    }

    [Fact]
    public async Task A_thousand_keys_looked_up_at_once_are_each_answered()
    {
        Entry[] purchases = [.. Enumerable.Range(1, 300).Select(seq => Some.Purchase(Ann, 10, seq, (seq - 1) * 10))];
        await Ledger.Write(purchases);
        Guid?[] wanted = [.. Enumerable.Range(0, 1_000).Select(n => n % 2 == 0 ? purchases[n % 300].TransferId : (Guid?)null)];   // some twice, some never used

        var found = await Task.WhenAll(wanted.Select(key => Ledger.FindTransfer(Ann, key ?? Some.Key())));
        var ofAnother = await Ledger.FindTransfer(Cleo, purchases[0].TransferId);

        Assert.Equal(wanted, found.Select(entry => entry?.TransferId));
        Assert.Null(ofAnother);
    }

    [Fact]
    public async Task A_statement_is_read_in_pages()
    {
        await Ledger.Write([.. Enumerable.Range(1, 25).Select(seq => Some.Purchase(Ann, 10, seq, (seq - 1) * 10))]);

        var second = await Ledger.Read(Ann, 10, 10);

        Assert.Equal(Enumerable.Range(11, 10).Select(seq => (long)seq), second.Select(entry => entry.Seq));
    }

    [Fact]
    public async Task A_stale_writer_is_fenced_and_writes_nothing()
    {
        await Ledger.Write(Some.Purchase(Ann, 100));
        var stale = Some.Append(Some.Purchase(Ann, 50));

        var result = await Ledger.Commit([stale], default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Equal(AppendStatus.Fenced, (await Ledger.Judge([stale], default))[0].Status);
        Assert.Single(await Ledger.Read(Ann, 0, 10));
    }

    [Fact]
    public async Task The_very_same_entries_again_are_recognised_as_committed()
    {
        var append = Some.Append(Some.Purchase(Ann, 100), Some.Gift(Ann, Cleo, 5, 2, 100));
        var recordedAt = (await Ledger.Commit([append], default)).RecordedAt;

        var again = await Ledger.Commit([append], default);
        var verdict = (await Ledger.Judge([append], default))[0];

        Assert.Equal(CommitResult.Conflict, again);
        Assert.Equal(new Verdict(AppendStatus.Committed, recordedAt!.Value), verdict);
    }

    [Fact]
    public async Task Another_content_under_the_same_seq_and_key_is_fenced_not_committed()
    {
        var gift = Some.Gift(Ann, Cleo, 5, 2, 100);
        await Ledger.Write(Some.Purchase(Ann, 100), gift);

        var other = Some.Append(Some.Gift(Ann, Cleo, 6, 2, 100, gift.TransferId));

        Assert.Equal(AppendStatus.Fenced, (await Ledger.Judge([other], default))[0].Status);
    }

    [Fact]
    public async Task A_key_that_the_account_has_used_is_a_duplicate()
    {
        var purchase = Some.Purchase(Ann, 100);
        await Ledger.Write(purchase);
        var again = Some.Append(Some.Gift(Ann, Cleo, 5, 2, 100, purchase.TransferId));

        var result = await Ledger.Commit([again], default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Equal(AppendStatus.Duplicate, (await Ledger.Judge([again], default))[0].Status);
    }

    [Fact]
    public async Task A_credit_delivered_twice_is_a_duplicate()
    {
        var gift = Some.Gift(Ann, Cleo, 5, 2, 100);
        await Ledger.Write(Some.Purchase(Ann, 100), gift, Some.Credit(gift, 1, 0));
        var again = Some.Append(Some.Credit(gift, 2, 3));

        var result = await Ledger.Commit([again], default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Equal(AppendStatus.Duplicate, (await Ledger.Judge([again], default))[0].Status);
    }

    [Fact]
    public async Task Two_senders_may_use_the_same_key_and_both_are_credited()
    {
        var key = Some.Key();
        var fromAnn = Some.Gift(Ann, Cleo, 5, 2, 100, key);
        var fromBob = Some.Gift(Bob, Cleo, 5, 2, 100, key);

        await Ledger.Write(Some.Purchase(Ann, 100), fromAnn, Some.Purchase(Bob, 100), fromBob, Some.Credit(fromAnn, 1, 0), Some.Credit(fromBob, 2, 3));

        Assert.Equal(2, await Ledger.LastSeq(Cleo));
        Assert.Equal([new CreditId(Ann, key)], await Ledger.FindCredits(Cleo, [new CreditId(Ann, key), new CreditId(Ann, Some.Key())]));
    }

    [Fact]
    public async Task A_payment_mints_once_in_a_wallet()
    {
        await Ledger.Write(Some.Purchase(Ann, 100, payment: "p-1"));
        var again = Some.Append(Some.Purchase(Ann, 100, 2, 100, payment: "p-1"));

        var result = await Ledger.Commit([again], default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Equal(AppendStatus.Duplicate, (await Ledger.Judge([again], default))[0].Status);
        Assert.Equal(1, (await Ledger.FindPayment(Ann, "dev", "p-1"))?.Seq);
        Assert.Null(await Ledger.FindPayment(Bob, "dev", "p-1"));
    }

    [Fact]
    public async Task A_batch_with_one_conflict_writes_nothing_and_blames_only_the_guilty()
    {
        await Ledger.Write(Some.Purchase(Ann, 100));
        Append[] batch = [Some.Append(Some.Purchase(Bob, 10)), Some.Append(Some.Purchase(Ann, 10))];

        var result = await Ledger.Commit(batch, default);
        var verdicts = await Ledger.Judge(batch, default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Empty(await Ledger.Read(Bob, 0, 10));
        Assert.Equal([Verdict.Free, new Verdict(AppendStatus.Fenced, default)], verdicts);
    }

    [Theory]
    [InlineData("UPDATE entries SET amount = amount + 1")]
    [InlineData("DELETE FROM entries")]
    [InlineData("UPDATE accounts SET name = 'other'")]
    [InlineData("DELETE FROM accounts")]
    public async Task Nobody_can_change_or_remove_what_is_written(string sql)
    {
        await Ledger.Write(Some.Purchase(Ann, 100));

        var refused = await Assert.ThrowsAnyAsync<DbException>(() => Database.Execute(sql));

        Assert.Contains("append-only", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_itself_refuses_a_balance_below_the_floor()
    {
        var overdraft = Some.Append(Some.Gift(Ann, Cleo, 5, 1, 0));

        var result = await Ledger.Commit([overdraft], default);

        Assert.Equal(CommitResult.Conflict, result);
        Assert.Equal(Verdict.Free, (await Ledger.Judge([overdraft], default))[0]);
        Assert.Empty(await Ledger.Read(Ann, 0, 10));
    }

    [Fact]
    public async Task A_scan_finds_gifts_without_credit_and_no_others()
    {
        var settled = Some.Gift(Ann, Cleo, 5, 2, 100);
        var unsettled = Some.Gift(Ann, Cleo, 9, 3, 95);
        await Ledger.Write(Some.Purchase(Ann, 100), settled, Some.Credit(settled, 1, 0));
        var recordedAt = await Ledger.Write(unsettled);

        var scan = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, []);
        var tooYoung = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.FromMinutes(1), 10, []);
        var later = await Ledger.FindUnsettled(scan.Horizon, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, []);
        var before = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, recordedAt, TimeSpan.Zero, 10, []);
        var theirs = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, [], ["nobody", "cleo"]);
        var others = await Ledger.FindUnsettled(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, TimeSpan.Zero, 10, [], ["nobody"]);

        Assert.Equal([new UnsettledGift(unsettled with { RecordedAt = recordedAt }, "ann", "cleo")], scan.Gifts);
        Assert.Equal(scan.Gifts, theirs.Gifts);
        Assert.Empty(tooYoung.Gifts.Concat(before.Gifts).Concat(others.Gifts));
        Assert.True(scan.Horizon >= recordedAt);
        Assert.True(later.Gifts.Count == 0 || scan.Horizon == recordedAt);
    }

    [Fact]
    public async Task A_creators_received_gifts_come_with_their_facts_and_senders()
    {
        var fromAnn = Some.Gift(Ann, Cleo, 5, 2, 100);
        var fromBob = Some.Gift(Bob, Cleo, 7, 2, 100);
        var recordedAt = await Ledger.Write(Some.Purchase(Ann, 100), fromAnn, Some.Purchase(Bob, 100), fromBob, Some.Credit(fromAnn, 1, 0), Some.Credit(fromBob, 2, 3));

        var received = await Ledger.ReadReceived(Cleo, 1, long.MaxValue, 10);

        Assert.Equal([new ReceivedGift(2, "bob", fromBob with { RecordedAt = recordedAt })], received);
    }

    [Fact]
    public async Task An_account_is_opened_once_however_many_ask()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Ledger.OpenAccount(AccountKind.Wallet, "dora")));

        Assert.Single(ids.Distinct());
        Assert.NotEqual(ids[0], await Ledger.OpenAccount(AccountKind.Earnings, "dora"));
        Assert.Null(await Ledger.FindAccount(AccountKind.Wallet, "nobody"));
        Assert.Equal("dora", (await Ledger.NameAccounts([ids[0]]))[ids[0]]);
    }

    [Fact]
    public async Task A_rate_card_is_published_once_and_read_back()
    {
        Assert.True(await Ledger.PublishRateCard(Some.Rate));
        Assert.False(await Ledger.PublishRateCard(Some.Rate with { CoinToDiamond = new(9, 10) }));

        var card = Assert.Single(await Ledger.ReadRateCards());
        Assert.Equal((1, new Ratio(1, 2), "apple"), (card.Version, card.CoinToDiamond, card.ChannelFees[0].Channel));
    }
}
