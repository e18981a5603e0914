using Npgsql;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>What look-ups take of the server: rows, while the planner's statistics are from before a creator's rush, and connections.</summary>
public sealed class LookUpTests(Databases databases)
{
    private const int Entries = 20_000;
    private const int Wanted = 500;

    [Theory, InlineData(1), InlineData(2)]
    public async Task Looking_for_a_popular_creators_entries_reads_those_and_no_others(int entriesOfEachBefore)
    {
        var database = await databases.Create(Engine.Postgres);
        await database.Execute("ALTER TABLE entries SET (autovacuum_enabled = off); SET session_replication_role = replica; " + Insert(accounts: "1, 2000", entriesOfEachBefore) + "ANALYZE entries; " + Insert(accounts: "5000, 5000", Entries));
        var keys = Enumerable.Range(1, Wanted).Select(n => new CreditId(n, new Guid($"00000000-0000-0000-0000-{n:d12}"))).ToList();

        var again = keys.Select((key, i) => new Entry { AccountId = 5000, Seq = Entries + 1 + i, TransferId = key.TransferId, Kind = EntryKind.GiftReceived, Amount = 1, BalanceAfter = Entries + 1 + i, Counterparty = key.Origin });

        var ledger = database.Connect();
        await using (var disposal = (IAsyncDisposable)ledger)
        {
            Assert.Equal(keys, (await ledger.FindCredits(5000, keys)).OrderBy(key => key.Origin));
            Assert.Equal(Wanted, (await ledger.ReadCredits(5000, keys)).Count);
            Assert.Empty(await ledger.FindTransfers(5000, [.. keys.Select(key => key.TransferId)]));
            Assert.Equal(AppendStatus.Duplicate, (await ledger.Judge([Some.Append([.. again])], default))[0].Status);
        }

        Assert.InRange(await RowsRead(database), 3 * Wanted, 5 * Wanted);
    }

    [Fact]
    public async Task Look_ups_that_hang_take_a_few_connections_and_none_that_commits_need()
    {
        var database = await databases.Create(Engine.Postgres);
        var ledger = database.Connect();
        await using var disposal = (IAsyncDisposable)ledger;
        var ann = await ledger.OpenAccount(AccountKind.Wallet, "ann");
        await using var connection = new NpgsqlConnection(database.ApplicationConnection);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO accounts (kind, name) VALUES (1, 'bob')", connection)) await insert.ExecuteNonQueryAsync();

        var hanging = Enumerable.Range(0, 30).Select(_ => ledger.OpenAccount(AccountKind.Wallet, "bob")).ToList();   // each waits for the transaction that has bob's name
        await using var other = new NpgsqlConnection(database.ApplicationConnection);
        await other.OpenAsync();
        await using var count = new NpgsqlCommand("SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'), count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wallets-ledger'", other);
        var (_, connections) = await Eventually.Is(() => Count(count), seen => seen.Waiting == 24);
        await ledger.Commit([Some.Append(Some.Purchase(ann, 100))], default);
        await transaction.RollbackAsync();

        Assert.Equal(24, connections);
        Assert.Single((await Task.WhenAll(hanging)).Distinct());
    }

    private static async Task<(long Waiting, long All)> Count(NpgsqlCommand command)
    {
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.GetInt64(1));
    }

    /// <summary>Credits of so many accounts; each creator's nth is of wallet n, with key n.</summary>
    private static string Insert(string accounts, int entriesOfEach) =>
        $"INSERT INTO entries SELECT a, n, lpad(n::text, 32, '0')::uuid, 1, n, n, now(), 11 FROM generate_series({accounts}) a, generate_series(1, {entriesOfEach}) n; ";

    /// <summary>Counted by the server when the ledger's connections have ended.</summary>
    private static async Task<long> RowsRead(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ApplicationConnection);
        await connection.OpenAsync();
        await using var open = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wallets-ledger'", connection);
        await Eventually.Is(async () => (long)(await open.ExecuteScalarAsync())!, count => count == 0);
        await using var read = new NpgsqlCommand(
            "SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'entries') + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'entries')", connection);
        return (long)(decimal)(await read.ExecuteScalarAsync())!;
    }
}
