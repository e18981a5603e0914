using System.Data.Common;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Sqlite;

/// <summary>
/// The embedded ledger: one process, one file, WAL, synchronous=FULL. One writer, so a flush is one transaction on the one writing
/// connection; readers have connections of their own and see the last commit.
/// </summary>
public sealed partial class SqliteLedger : ILedger, IAsyncDisposable
{
    private const string Columns =
        "account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail";

    private const string InsertEntry =
        $"INSERT INTO entries ({Columns}) VALUES ($account, $seq, $transfer, $amount, $balance, $counterparty, $recorded, $kind, $rate, $quantity, $diamonds, $stream, $gift, $detail)";

    private static readonly string EntryColumns = string.Join(", ", Columns.Split(", ").Select(column => "e." + column));

    private readonly string _connectionString;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private long _lastRecordedAt;

    /// <param name="file">The database file, migrated already.</param>
    /// <param name="time">The ledger's clock; entries never get a time before the one given last.</param>
    public SqliteLedger(string file, TimeProvider time)
    {
        _time = time;
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, DefaultTimeout = 10 }.ToString();
    }

    public int Writers => 1;

    public async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var commitAsked = false;
        try
        {
            await _writing.WaitAsync(cancellation);
            try
            {
                using var connection = Open();
                using var transaction = connection.BeginTransaction();
                var recordedAt = NextTime();
                using var insert = new EntryInsert(connection, recordedAt);
                foreach (var append in batch)
                    foreach (var entry in append.Entries)
                        insert.Run(entry);
                commitAsked = true;
                transaction.Commit();
                return new(FromMicroseconds(recordedAt));
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (SqliteException refusal) when (!commitAsked && refusal.SqliteErrorCode == SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            return CommitResult.Conflict;
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(commitAsked, fault);
        }
    }

    public Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation) => Reading(connection =>
    {
        var standing = new List<Entry>();
        foreach (var entry in batch.SelectMany(append => append.Entries))
        {
            standing.AddRange(Query(connection, $"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq = $2", ReadEntry, entry.AccountId, entry.Seq));
            standing.AddRange(entry.Kind == EntryKind.GiftReceived
                ? Query(connection, $"SELECT {Columns} FROM entries WHERE transfer_id = $1 AND counterparty = $2 AND account_id = $3 AND kind = 11", ReadEntry, Bytes(entry.TransferId), entry.Counterparty, entry.AccountId)
                : Query(connection, $"SELECT {Columns} FROM entries WHERE transfer_id = $1 AND account_id = $2 AND kind <> 11", ReadEntry, Bytes(entry.TransferId), entry.AccountId));
            if (entry.Detail?.Payment is { } payment)
                standing.AddRange(Query(connection, PaymentQuery, ReadEntry, entry.AccountId, entry.Detail.Channel!, payment));
        }
        return Verdicts.Of(batch, standing);
    });

    public async Task<long> OpenAccount(AccountKind kind, string name)
    {
        if (await FindAccount(kind, name) is { } found) return found;
        await _writing.WaitAsync();
        try
        {
            await Reading(connection => Query(connection, "INSERT INTO accounts (kind, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING account_id", row => row.GetInt64(0), (long)kind, name));
        }
        finally
        {
            _writing.Release();
        }
        return await FindAccount(kind, name) ?? throw new InvalidOperationException("An account that was just opened is not there.");
    }

    public Task<long?> FindAccount(AccountKind kind, string name) => Reading(connection =>
        Query(connection, "SELECT account_id FROM accounts WHERE name = $1 AND kind = $2", row => (long?)row.GetInt64(0), name, (long)kind).SingleOrDefault());

    public async Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq) =>
        await FindAccount(kind, name) is { } accountId ? new AccountTail(accountId, await Read(accountId, afterSeq, AccountTail.Longest)) : null;

    public Task<IReadOnlyDictionary<long, string>> NameAccounts(IReadOnlyCollection<long> accountIds) => Reading<IReadOnlyDictionary<long, string>>(connection =>
        Query(connection, "SELECT account_id, name FROM accounts WHERE account_id IN (SELECT value FROM json_each($1))",
            row => (Id: row.GetInt64(0), Name: row.GetString(1)), $"[{string.Join(',', accountIds)}]").ToDictionary(account => account.Id, account => account.Name));

    public Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit) => Reading<IReadOnlyList<Entry>>(connection =>
        Query(connection, $"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3", ReadEntry, accountId, afterSeq, (long)limit));

    public Task<IReadOnlyList<Entry>> ReadBetweenGifts(long accountId, long afterSeq, int limit) => Reading<IReadOnlyList<Entry>>(connection =>
        Query(connection, $"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 AND kind NOT IN (2, 11) ORDER BY seq LIMIT $3", ReadEntry, accountId, afterSeq, (long)limit));

    public Task<IReadOnlyList<Entry>> ReadAll(long afterAccountId, long afterSeq, int limit) => Reading<IReadOnlyList<Entry>>(connection =>
        Query(connection, $"SELECT {Columns} FROM entries WHERE (account_id, seq) > ($1, $2) ORDER BY account_id, seq LIMIT $3", ReadEntry, afterAccountId, afterSeq, (long)limit));

    public Task<long> LastSeq(long accountId) => Reading(connection =>
        Query(connection, "SELECT coalesce(max(seq), 0) FROM entries WHERE account_id = $1", row => row.GetInt64(0), accountId)[0]);

    public Task<Entry?> FindTransfer(long accountId, Guid transferId) => Reading(connection =>
        Query(connection, $"SELECT {Columns} FROM entries WHERE transfer_id = $1 AND account_id = $2 AND kind <> 11", ReadEntry, Bytes(transferId), accountId).SingleOrDefault());

    private const string PaymentQuery = $"SELECT {Columns} FROM entries WHERE detail ->> 'payment' = $3 AND detail ->> 'channel' = $2 AND account_id = $1 AND kind = 1";

    public Task<Entry?> FindPayment(long accountId, string channel, string payment) => Reading(connection =>
        Query(connection, PaymentQuery, ReadEntry, accountId, channel, payment).SingleOrDefault());

    public Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits) => Reading<IReadOnlySet<CreditId>>(connection =>
        credits.Where(credit => Query(connection,
            "SELECT 1 FROM entries WHERE transfer_id = $1 AND counterparty = $2 AND account_id = $3 AND kind = 11",
            row => row.GetInt64(0), Bytes(credit.TransferId), credit.Origin, accountId).Count > 0).ToHashSet());

    public Task<IReadOnlyList<Entry>> FindTransfers(long accountId, IReadOnlyCollection<Guid> transferIds) => Reading<IReadOnlyList<Entry>>(connection =>
        transferIds.SelectMany(transfer => Query(connection, $"SELECT {Columns} FROM entries WHERE transfer_id = $1 AND account_id = $2 AND kind <> 11", ReadEntry, Bytes(transfer), accountId)).ToList());

    public Task<IReadOnlyList<Entry>> ReadCredits(long accountId, IReadOnlyCollection<CreditId> credits) => Reading<IReadOnlyList<Entry>>(connection =>
        credits.SelectMany(credit => Query(connection, $"SELECT {Columns} FROM entries WHERE transfer_id = $1 AND counterparty = $2 AND account_id = $3 AND kind = 11", ReadEntry,
            Bytes(credit.TransferId), credit.Origin, accountId)).ToList());

    public Task<IReadOnlyList<ReceivedGift>> ReadReceived(long accountId, long afterSeq, long throughSeq, int limit) => Reading<IReadOnlyList<ReceivedGift>>(connection =>
        Query(connection,
            $"""
            SELECT {EntryColumns}, credit.seq, sender.name
            FROM (SELECT seq, transfer_id, counterparty FROM entries WHERE account_id = $1 AND seq > $2 AND seq <= $3 AND kind = 11 ORDER BY seq LIMIT $4) credit
            JOIN entries e ON e.transfer_id = credit.transfer_id AND e.account_id = credit.counterparty AND e.kind <> 11
            JOIN accounts sender ON sender.account_id = credit.counterparty
            ORDER BY credit.seq
            """,
            row => new ReceivedGift(row.GetInt64(14), row.GetString(15), ReadEntry(row)), accountId, afterSeq, throughSeq, (long)limit));

    /// <summary>Commits are serial and stamped while the writing lock is held, so everything before the last stamp is visible.</summary>
    public async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only)
    {
        await _writing.WaitAsync();
        var horizon = FromMicroseconds(NextTime());
        _writing.Release();
        var gifts = await Reading(connection => Query(connection,
            $"""
            SELECT {EntryColumns}, sender.name, creator.name
            FROM entries e
            JOIN accounts sender ON sender.account_id = e.account_id
            JOIN accounts creator ON creator.account_id = e.counterparty
            WHERE e.kind = 2 AND e.recorded_at >= $1 AND e.recorded_at < $2
              AND creator.name NOT IN (SELECT value FROM json_each($4)) AND ($5 IS NULL OR creator.name IN (SELECT value FROM json_each($5)))
              AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.transfer_id = e.transfer_id AND c.counterparty = e.account_id AND c.account_id = e.counterparty AND c.kind = 11)
            ORDER BY e.recorded_at LIMIT $3
            """,
            row => new UnsettledGift(ReadEntry(row), row.GetString(14), row.GetString(15)), ToMicroseconds(since), ToMicroseconds(before < horizon - grace ? before : horizon - grace), (long)limit, JsonSerializer.Serialize(except), only is null ? DBNull.Value : JsonSerializer.Serialize(only)));
        return new(gifts, horizon);
    }

    public Task<IReadOnlyList<UnsettledGift>> FindUnsettledCorrections(DateTimeOffset since, int limit) => Reading<IReadOnlyList<UnsettledGift>>(connection =>
        Query(connection,
            $"""
            SELECT {EntryColumns}, sender.name, creator.name FROM entries e
            JOIN accounts sender ON sender.account_id = e.account_id
            JOIN accounts creator ON creator.account_id = e.counterparty
            WHERE e.kind IN (7, 8) AND e.recorded_at >= $1
              AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.transfer_id = e.transfer_id AND c.account_id = e.counterparty AND c.kind <> 11)
            ORDER BY e.recorded_at, e.account_id, e.seq LIMIT $2
            """,
            row => new UnsettledGift(ReadEntry(row), row.GetString(14), row.GetString(15)), ToMicroseconds(since), (long)limit));

    public Task<IReadOnlyList<string>> FindExpiring(DateTimeOffset after, DateTimeOffset through) => Reading<IReadOnlyList<string>>(connection =>
        Query(connection,
            """
            SELECT DISTINCT a.name FROM entries e JOIN accounts a ON a.account_id = e.account_id
            WHERE e.kind IN (1, 3, 6) AND e.detail ->> 'expiresAt' IS NOT NULL AND e.detail ->> 'expiresAt' > $1 AND e.detail ->> 'expiresAt' <= $2
            """,
            row => row.GetString(0), EntryJson.Write(after), EntryJson.Write(through)));

    /// <summary>The SQL of a stored UUID as details write it.</summary>
    private static string UuidText(string column) => string.Join(" || '-' || ",
        new[] { (1, 4), (5, 2), (7, 2), (9, 2), (11, 6) }.Select(part => $"lower(hex(substr({column}, {part.Item1}, {part.Item2})))"));

    public Task<IReadOnlyList<RateCard>> ReadRateCards() => Reading<IReadOnlyList<RateCard>>(connection =>
        Query(connection, "SELECT card FROM rate_cards ORDER BY version", row => EntryJson.ReadRateCard(row.GetString(0))));

    public async Task<bool> PublishRateCard(RateCard card)
    {
        await _writing.WaitAsync();
        try
        {
            var published = await Reading(connection => Query(connection,
                "INSERT INTO rate_cards (version, diamonds, coins, card) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING version",
                row => row.GetInt64(0), (long)card.Version, card.CoinToDiamond.Diamonds, card.CoinToDiamond.Coins, EntryJson.Write(card)));
            return published.Count == 1;
        }
        finally
        {
            _writing.Release();
        }
    }

    private static readonly SqlWords Words = new(column => $"({column} / 1000000)", column => $"({column} / 86400000000)", time => $"{ToMicroseconds(time)}",
        text => $"unhex(replace({text}, '-', ''))", (row, column) => FromMicroseconds(row.GetInt64(column)));

    public Task<IAuditSnapshot> OpenSnapshot(CancellationToken cancellation)
    {
        var connection = Open();
        return Task.FromResult<IAuditSnapshot>(new TransactionSnapshot(
            connection, connection.BeginTransaction(deferred: true), EntryColumns, ReadEntry, Words));
    }

    /// <summary>The writer's clock; the file is only asked whether it answers.</summary>
    public async Task<DateTimeOffset> ReadClock(CancellationToken cancellation)
    {
        await Reading(connection => Query(connection, "SELECT 1", row => row.GetInt64(0)));
        await _writing.WaitAsync(cancellation);
        var now = NextTime();
        _writing.Release();
        return FromMicroseconds(now);
    }

    public ValueTask DisposeAsync()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
        _writing.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Called with the writing lock held, by the one process that writes this file.</summary>
    private long NextTime() => _lastRecordedAt = Math.Max(_lastRecordedAt, ToMicroseconds(_time.GetUtcNow()));

    /// <summary>Every commit on it survives a power cut.</summary>
    internal SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var settings = connection.CreateCommand();
        settings.CommandText = "PRAGMA synchronous = FULL";
        settings.ExecuteNonQuery();
        return connection;
    }

    private async Task<T> Reading<T>(Func<SqliteConnection, T> read)
    {
        try
        {
            return await Task.Run(() =>
            {
                using var connection = Open();
                return read(connection);
            });
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(mayHaveCommitted: false, fault);
        }
    }

    private static List<T> Query<T>(SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params object[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++) command.Parameters.AddWithValue($"${i + 1}", parameters[i]);
        using var rows = command.ExecuteReader();
        var result = new List<T>();
        while (rows.Read()) result.Add(read(rows));
        return result;
    }

    internal static Entry ReadEntry(DbDataReader row) => new()
    {
        AccountId = row.GetInt64(0),
        Seq = row.GetInt64(1),
        TransferId = ReadGuid(row, 2),
        Amount = row.GetInt64(3),
        BalanceAfter = row.GetInt64(4),
        Counterparty = row.GetInt64(5),
        RecordedAt = FromMicroseconds(row.GetInt64(6)),
        Kind = (EntryKind)row.GetInt16(7),
        Gift = row.IsDBNull(11) ? null : new GiftFacts(ReadGuid(row, 11), row.GetString(12), row.GetInt32(9), row.GetInt64(10), row.GetInt32(8)),
        Detail = row.IsDBNull(13) ? null : EntryJson.Read(row.GetString(13)),
    };

    private static Guid ReadGuid(DbDataReader row, int column) => new(row.GetFieldValue<byte[]>(column), bigEndian: true);
    private static byte[] Bytes(Guid id) => id.ToByteArray(bigEndian: true);
    private static long ToMicroseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
    private static DateTimeOffset FromMicroseconds(long time) => DateTimeOffset.UnixEpoch.AddTicks(time * TimeSpan.TicksPerMicrosecond);
    private static bool IsFault(Exception fault) => fault is DbException or OperationCanceledException or ObjectDisposedException;

    /// <summary>One prepared INSERT whose parameters are filled anew for each entry of a flush.</summary>
    private sealed class EntryInsert : IDisposable
    {
        private readonly SqliteCommand _command;
        private readonly SqliteParameter[] _parameters;
        private readonly long _recordedAt;

        public EntryInsert(SqliteConnection connection, long recordedAt)
        {
            _recordedAt = recordedAt;
            _command = connection.CreateCommand();
            _command.CommandText = InsertEntry;
            string[] names = ["$account", "$seq", "$transfer", "$amount", "$balance", "$counterparty", "$recorded", "$kind", "$rate", "$quantity", "$diamonds", "$stream", "$gift", "$detail"];
            _parameters = [.. names.Select(name => _command.Parameters.AddWithValue(name, DBNull.Value))];
        }

        public void Run(Entry entry)
        {
            object?[] values =
            [
                entry.AccountId, entry.Seq, Bytes(entry.TransferId), entry.Amount, entry.BalanceAfter, entry.Counterparty, _recordedAt, (long)entry.Kind,
                entry.Gift?.RateVersion, entry.Gift?.Quantity, entry.Gift?.Diamonds, entry.Gift is { } gift ? Bytes(gift.StreamId) : null, entry.Gift?.GiftId,
                entry.Detail is { } detail ? EntryJson.Write(detail) : null,
            ];
            for (var i = 0; i < values.Length; i++) _parameters[i].Value = values[i] ?? DBNull.Value;
            _command.ExecuteNonQuery();
        }

        public void Dispose() => _command.Dispose();
    }
}
