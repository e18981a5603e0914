using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Npgsql;
using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Postgres;

/// <summary>
/// The ledger on PostgreSQL. A flush is one transaction: the rows go in by binary COPY, and their time comes back as it commits. The server
/// ends statements and idle transactions after ten seconds, so that a paused process cannot hold one open for long.
/// </summary>
public sealed partial class PostgresLedger : ILedger, IAsyncDisposable
{
    private const string Columns =
        "account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail";

    private const int MostNames = 100_000;

    /// <summary>Look-ups beyond these wait for one another instead of taking the server's last connections. Several times what its processors can answer at once.</summary>
    private const int LookUpsAtOnce = 24;

    private const int ScansAtOnce = 4;

    private static readonly string EntryColumns = string.Join(", ", Columns.Split(", ").Select(column => "e." + column));

    /// <summary>A connection for each writer, so that no commit ever waits behind look-ups.</summary>
    private readonly NpgsqlDataSource _commits;

    private readonly NpgsqlDataSource _lookUps;
    private readonly ConcurrentDictionary<long, string> _names = new();   // a name never changes
    private readonly GroupedReads<(long AccountId, Guid TransferId), Entry> _transfers;
    private readonly GroupedReads<(AccountKind Kind, string Name, long AfterSeq), AccountTail> _tails;

    /// <summary>For scans, which may take minutes, and which hold back no horizon.</summary>
    private readonly NpgsqlDataSource _scans;

    /// <summary>For audits and finance: nobody waits for the next attempt, so each may wait for a busy server.</summary>
    private readonly NpgsqlDataSource _snapshots;

    /// <param name="connectionString">Of the application's role, which may only SELECT and INSERT.</param>
    /// <param name="writers">Batches that may be committed side by side.</param>
    public PostgresLedger(string connectionString, int writers)
    {
        Writers = writers;
        _transfers = new(FindTransfers, mostInOne: 500, linger: TimeSpan.FromMilliseconds(10), TimeProvider.System);
        _tails = new(FindTails, mostInOne: 25, linger: TimeSpan.Zero, TimeProvider.System);   // fewer: one may be hundreds of rows
        var scan = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "wallets-scan", Timeout = 3, CommandTimeout = 600, MaxPoolSize = ScansAtOnce };
        _scans = NpgsqlDataSource.Create(scan);
        scan.Timeout = 30;
        _snapshots = NpgsqlDataSource.Create(scan);
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "wallets-ledger",
            Timeout = 3,
            CommandTimeout = 10,
            Options = "-c statement_timeout=10s -c idle_in_transaction_session_timeout=10s -c plan_cache_mode=force_generic_plan",   // each looks up by key: planning anew costs more than the look-up
            NoResetOnClose = true,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = writers,
        };
        _commits = NpgsqlDataSource.Create(settings);
        settings.MaxPoolSize = LookUpsAtOnce;
        settings.Timeout = 5;   // the wait for one of them, too: as long as a caller waits
        _lookUps = NpgsqlDataSource.Create(settings);
    }

    public int Writers { get; }

    public async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var commitAsked = false;
        using var rows = new EntryRows(InOrder(batch));
        try
        {
            await using var connection = await _commits.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await using (var copy = await connection.BeginRawBinaryCopyAsync(EntryRows.Copy, cancellation))
                await copy.WriteAsync(rows.Bytes, cancellation);   // the server's verdict comes as it is closed
            commitAsked = true;
            await using var commit = new NpgsqlBatch(connection) { BatchCommands = { new("SELECT now()"), new("COMMIT") } };   // one round trip; if the first fails, the server skips the second
            return new(new DateTimeOffset((DateTime)(await commit.ExecuteScalarAsync(cancellation))!));
        }
        catch (PostgresException refusal) when (!commitAsked && refusal.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            return CommitResult.Conflict;
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(commitAsked, fault);
        }
    }

    /// <summary>By account, the same order in every transaction: two that wait for each other's keys would be a deadlock.</summary>
    private static List<Entry> InOrder(IReadOnlyList<Append> batch)
    {
        var appends = batch.ToArray();
        Array.Sort(Array.ConvertAll(appends, append => append.AccountId), appends);
        var entries = new List<Entry>(appends.Length);
        foreach (var append in appends) entries.AddRange(append.Entries);
        return entries;
    }

    public async Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var entries = batch.SelectMany(append => append.Entries).ToList();
        var own = entries.FindAll(entry => entry.Kind != EntryKind.GiftReceived);
        var credits = entries.FindAll(entry => entry.Kind == EntryKind.GiftReceived);
        var payments = own.FindAll(entry => entry.Kind == EntryKind.Purchase);
        var standing = await Query(
            _commits,
            $"""
            SELECT {EntryColumns} FROM entries e JOIN unnest($1::bigint[], $2::bigint[]) AS a(account_id, seq) USING (account_id, seq)
            UNION ALL
            SELECT {EntryColumns} FROM entries e JOIN unnest($3::uuid[], $4::bigint[]) AS t(transfer_id, account_id) USING (transfer_id, account_id) WHERE e.kind <> 11
            UNION ALL
            SELECT {EntryColumns} FROM entries e JOIN unnest($5::uuid[], $6::bigint[], $7::bigint[]) AS c(transfer_id, counterparty, account_id) USING (transfer_id, counterparty, account_id) WHERE e.kind = 11
            UNION ALL
            SELECT {EntryColumns} FROM entries e JOIN unnest($8::text[], $9::text[], $10::bigint[]) AS p(payment, channel, account_id)
                ON e.detail ->> 'payment' = p.payment AND e.detail ->> 'channel' = p.channel AND e.account_id = p.account_id WHERE e.kind = 1
            """,
            ReadEntry, cancellation,
            entries.ConvertAll(e => e.AccountId), entries.ConvertAll(e => e.Seq),
            own.ConvertAll(e => e.TransferId), own.ConvertAll(e => e.AccountId),
            credits.ConvertAll(e => e.TransferId), credits.ConvertAll(e => e.Counterparty), credits.ConvertAll(e => e.AccountId),
            payments.ConvertAll(e => e.Detail!.Payment!), payments.ConvertAll(e => e.Detail!.Channel!), payments.ConvertAll(e => e.AccountId));
        return Verdicts.Of(batch, standing);
    }

    public async Task<long> OpenAccount(AccountKind kind, string name)
    {
        if (await FindAccount(kind, name) is { } found) return found;
        await Query("INSERT INTO accounts (kind, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING account_id", row => row.GetInt64(0), default, (short)kind, name);
        return await FindAccount(kind, name) ?? throw new InvalidOperationException("An account that was just opened is not there.");
    }

    public async Task<long?> FindAccount(AccountKind kind, string name)
    {
        var found = await Query("SELECT account_id FROM accounts WHERE name = $2 AND kind = $1", row => row.GetInt64(0), default, (short)kind, name);
        return found.Count == 0 ? null : found[0];
    }

    public Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq) => _tails.Find((kind, name, afterSeq));

    /// <summary>Each is looked up by its key, whatever the planner thinks of joins.</summary>
    private async Task<IReadOnlyDictionary<(AccountKind Kind, string Name, long AfterSeq), AccountTail>> FindTails(IReadOnlyList<(AccountKind Kind, string Name, long AfterSeq)> wanted)
    {
        var rows = await Query(
            $"""
            SELECT {EntryColumns}, account.account_id, wanted.place
            FROM unnest($1::smallint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted(kind, name, after_seq, place)
            CROSS JOIN LATERAL (SELECT account_id FROM accounts WHERE name = wanted.name AND kind = wanted.kind LIMIT 1) account
            LEFT JOIN LATERAL (SELECT * FROM entries WHERE account_id = account.account_id AND seq > wanted.after_seq ORDER BY seq LIMIT {AccountTail.Longest}) e ON true
            ORDER BY wanted.place, e.seq
            """,
            row => (AccountId: row.GetInt64(14), Place: (int)row.GetInt64(15) - 1, Entry: row.IsDBNull(0) ? null : ReadEntry(row)), default,
            wanted.Select(one => (short)one.Kind).ToList(), wanted.Select(one => one.Name).ToList(), wanted.Select(one => one.AfterSeq).ToList());
        return rows.GroupBy(row => (row.Place, row.AccountId)).ToDictionary(
            tail => wanted[tail.Key.Place],
            tail => new AccountTail(tail.Key.AccountId, [.. tail.Select(row => row.Entry).OfType<Entry>()]));
    }

    public async Task<IReadOnlyDictionary<long, string>> NameAccounts(IReadOnlyCollection<long> accountIds)
    {
        var names = new Dictionary<long, string>();
        var unknown = new List<long>();
        foreach (var id in accountIds)
        {
            if (_names.TryGetValue(id, out var name)) names[id] = name;
            else unknown.Add(id);
        }
        if (unknown.Count == 0) return names;

        if (_names.Count > MostNames) _names.Clear();
        foreach (var (id, name) in await Query("SELECT account_id, name FROM accounts WHERE account_id = ANY($1)", row => (row.GetInt64(0), row.GetString(1)), default, unknown))
            names[id] = _names[id] = name;
        return names;
    }

    public async Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit) =>
        await Query($"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3", ReadEntry, default, accountId, afterSeq, limit);

    public async Task<IReadOnlyList<Entry>> ReadBetweenGifts(long accountId, long afterSeq, int limit) =>
        await Query($"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 AND kind NOT IN (2, 11) ORDER BY seq LIMIT $3", ReadEntry, default, accountId, afterSeq, limit);

    public async Task<IReadOnlyList<Entry>> ReadAll(long afterAccountId, long afterSeq, int limit) =>
        await Query(_scans, $"SELECT {Columns} FROM entries WHERE (account_id, seq) > ($1, $2) ORDER BY account_id, seq LIMIT $3", ReadEntry, default, afterAccountId, afterSeq, limit);

    public async Task<long> LastSeq(long accountId) =>
        (await Query("SELECT coalesce(max(seq), 0) FROM entries WHERE account_id = $1", row => row.GetInt64(0), default, accountId))[0];

    public Task<Entry?> FindTransfer(long accountId, Guid transferId) => _transfers.Find((accountId, transferId));

    /// <summary>Each is looked up by its key, whatever the planner thinks of joins.</summary>
    private async Task<IReadOnlyDictionary<(long AccountId, Guid TransferId), Entry>> FindTransfers(IReadOnlyList<(long AccountId, Guid TransferId)> wanted)
    {
        var found = await Query(
            $"""
            SELECT {EntryColumns} FROM unnest($1::uuid[], $2::bigint[]) AS wanted(transfer_id, account_id)
            CROSS JOIN LATERAL (SELECT * FROM entries e WHERE e.transfer_id = wanted.transfer_id AND e.account_id = wanted.account_id AND e.kind <> 11 LIMIT 1) e
            """,
            ReadEntry, default, wanted.Select(one => one.TransferId).ToList(), wanted.Select(one => one.AccountId).ToList());
        return found.ToDictionary(entry => (entry.AccountId, entry.TransferId));
    }

    public async Task<IReadOnlyList<Entry>> FindTransfers(long accountId, IReadOnlyCollection<Guid> transferIds) =>
        [.. (await FindTransfers([.. transferIds.Distinct().Select(transferId => (accountId, transferId))])).Values];

    public async Task<Entry?> FindPayment(long accountId, string channel, string payment)
    {
        var found = await Query(
            $"SELECT {Columns} FROM entries WHERE detail ->> 'payment' = $3 AND detail ->> 'channel' = $2 AND account_id = $1 AND kind = 1",
            ReadEntry, default, accountId, channel, payment);
        return found.SingleOrDefault();
    }

    public async Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits) =>
        (await LookUpCredits("e.counterparty, e.transfer_id", row => new CreditId(row.GetInt64(0), row.GetGuid(1)), accountId, credits)).ToHashSet();

    public async Task<IReadOnlyList<Entry>> ReadCredits(long accountId, IReadOnlyCollection<CreditId> credits) =>
        await LookUpCredits(EntryColumns, ReadEntry, accountId, credits);

    /// <summary>
    /// Each by its key, as above: to a planner whose statistics are from before the rush a creator has a few credits, and it would compare each of
    /// what may be a million with every one that is looked for.
    /// </summary>
    private Task<List<T>> LookUpCredits<T>(string columns, Func<NpgsqlDataReader, T> read, long accountId, IReadOnlyCollection<CreditId> credits) =>
        Query(
            $"""
            SELECT {columns} FROM unnest($2::bigint[], $3::uuid[]) AS wanted(counterparty, transfer_id)
            CROSS JOIN LATERAL (
                SELECT * FROM entries e WHERE e.transfer_id = wanted.transfer_id AND e.counterparty = wanted.counterparty AND e.account_id = $1 AND e.kind = 11 LIMIT 1) e
            """,
            read, default, accountId, credits.Select(credit => credit.Origin).ToList(), credits.Select(credit => credit.TransferId).ToList());

    public async Task<IReadOnlyList<ReceivedGift>> ReadReceived(long accountId, long afterSeq, long throughSeq, int limit) =>
        await Query(
            $"""
            SELECT {EntryColumns}, credit.seq, sender.name
            FROM (SELECT seq, transfer_id, counterparty FROM entries WHERE account_id = $1 AND seq > $2 AND seq <= $3 AND kind = 11 ORDER BY seq LIMIT $4) credit
            JOIN entries e ON e.transfer_id = credit.transfer_id AND e.account_id = credit.counterparty AND e.kind <> 11
            JOIN accounts sender ON sender.account_id = credit.counterparty
            ORDER BY credit.seq
            """,
            row => new ReceivedGift(row.GetInt64(14), row.GetString(15), ReadEntry(row)), default, accountId, afterSeq, throughSeq, limit);

    /// <summary>
    /// The horizon is read before the scan: a debit that commits later was stamped by a transaction that began after it, or by one
    /// that still ran then and so holds the horizon back. Each gift's credit is looked up by its key, whatever the planner thinks of
    /// joins: with statistics from before the rush it would compare every gift with every credit.
    /// </summary>
    public async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only)
    {
        var horizon = (await Query(_scans, HorizonQuery, row => new DateTimeOffset(row.GetDateTime(0)), default))[0];
        var gifts = await Query(
            _scans,
            $"""
            SELECT {EntryColumns}, sender.name, creator.name
            FROM (
                SELECT * FROM entries e
                WHERE e.kind = 2 AND e.recorded_at >= $1 AND e.recorded_at < $2
                  AND e.counterparty <> ALL (ARRAY(SELECT account_id FROM accounts WHERE kind = 2 AND name = ANY($4)))
                  AND ($6 OR e.counterparty = ANY (ARRAY(SELECT account_id FROM accounts WHERE kind = 2 AND name = ANY($5))))
                  AND (SELECT c.seq FROM entries c WHERE c.transfer_id = e.transfer_id AND c.counterparty = e.account_id AND c.account_id = e.counterparty AND c.kind = 11 LIMIT 1) IS NULL
                ORDER BY e.recorded_at LIMIT $3) e
            JOIN accounts sender ON sender.account_id = e.account_id
            JOIN accounts creator ON creator.account_id = e.counterparty
            ORDER BY e.recorded_at
            """,
            row => new UnsettledGift(ReadEntry(row), row.GetString(14), row.GetString(15)), default, since.UtcDateTime, (before < horizon - grace ? before : horizon - grace).UtcDateTime, limit, except.ToList(), (only ?? []).ToList(), only is null);
        return new(gifts, horizon);
    }

    public async Task<IReadOnlyList<UnsettledGift>> FindUnsettledCorrections(DateTimeOffset since, int limit) =>
        await Query(
            _scans,
            $"""
            SELECT {EntryColumns}, sender.name, creator.name FROM entries e
            JOIN accounts sender ON sender.account_id = e.account_id
            JOIN accounts creator ON creator.account_id = e.counterparty
            WHERE e.kind IN (7, 8) AND e.recorded_at >= $1
              AND NOT EXISTS (SELECT FROM entries c WHERE c.transfer_id = e.transfer_id AND c.account_id = e.counterparty AND c.kind <> 11)
            ORDER BY e.recorded_at, e.account_id, e.seq LIMIT $2
            """,
            row => new UnsettledGift(ReadEntry(row), row.GetString(14), row.GetString(15)), default, since.UtcDateTime, limit);

    public async Task<IReadOnlyList<string>> FindExpiring(DateTimeOffset after, DateTimeOffset through) =>
        await Query(
            _scans,
            """
            SELECT DISTINCT a.name FROM entries e JOIN accounts a ON a.account_id = e.account_id
            WHERE e.kind IN (1, 3, 6) AND e.detail ? 'expiresAt' AND e.detail ->> 'expiresAt' > $1 AND e.detail ->> 'expiresAt' <= $2
            """,
            row => row.GetString(0), default, EntryJson.Write(after), EntryJson.Write(through));

    public async Task<IReadOnlyList<RateCard>> ReadRateCards() =>
        await Query("SELECT card FROM rate_cards ORDER BY version", row => EntryJson.ReadRateCard(row.GetString(0)), default);

    public async Task<bool> PublishRateCard(RateCard card)
    {
        var published = await Query(
            "INSERT INTO rate_cards (version, diamonds, coins, card) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT DO NOTHING RETURNING version",
            row => row.GetInt32(0), default, card.Version, card.CoinToDiamond.Diamonds, card.CoinToDiamond.Coins, EntryJson.Write(card));
        return published.Count == 1;
    }

    private static readonly SqlWords Words = new(
        column => $"EXTRACT(EPOCH FROM {column})",
        column => $"FLOOR(EXTRACT(EPOCH FROM {column}) / 86400)::bigint",
        time => $"TIMESTAMPTZ '{time.UtcDateTime:O}'",
        text => $"CAST({text} AS uuid)",
        (row, column) => new DateTimeOffset(row.GetDateTime(column)));

    public async Task<IAuditSnapshot> OpenSnapshot(CancellationToken cancellation)
    {
        var connection = await _snapshots.OpenConnectionAsync(cancellation);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        return new TransactionSnapshot(connection, transaction, EntryColumns, ReadEntry, Words);
    }

    public async Task<DateTimeOffset> ReadClock(CancellationToken cancellation) => new((await Query("SELECT now()", row => row.GetDateTime(0), cancellation))[0]);

    public async ValueTask DisposeAsync()
    {
        await _snapshots.DisposeAsync();
        await _scans.DisposeAsync();
        await _lookUps.DisposeAsync();
        await _commits.DisposeAsync();
    }

    private Task<List<T>> Query<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params object[] parameters) =>
        Query(_lookUps, sql, read, cancellation, parameters);

    private static async Task<List<T>> Query<T>(NpgsqlDataSource source, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params object[] parameters)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            var result = new List<T>();
            while (await rows.ReadAsync(cancellation)) result.Add(read(rows));
            return result;
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(mayHaveCommitted: false, fault);
        }
    }

    internal static Entry ReadEntry(DbDataReader row) => new()
    {
        AccountId = row.GetInt64(0),
        Seq = row.GetInt64(1),
        TransferId = row.GetGuid(2),
        Amount = row.GetInt64(3),
        BalanceAfter = row.GetInt64(4),
        Counterparty = row.GetInt64(5),
        RecordedAt = new DateTimeOffset(row.GetDateTime(6)),
        Kind = (EntryKind)row.GetInt16(7),
        Gift = row.IsDBNull(11) ? null : new GiftFacts(row.GetGuid(11), row.GetString(12), row.GetInt32(9), row.GetInt64(10), row.GetInt32(8)),
        Detail = row.IsDBNull(13) ? null : EntryJson.Read(row.GetString(13)),
    };

    private static bool IsFault(Exception fault) => fault is NpgsqlException or OperationCanceledException or TimeoutException or IOException or ObjectDisposedException;
}
