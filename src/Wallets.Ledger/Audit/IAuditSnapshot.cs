using System.Data.Common;

namespace Wallets.Ledger.Audit;

/// <summary>SQL that every engine understands, and what they say differently.</summary>
public interface ISqlReader
{
    /// <summary>Runs a query.</summary>
    Task<IReadOnlyList<T>> Query<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation);

    /// <summary>The SQL of an entry's time as seconds since 1970.</summary>
    string SecondsSinceEpoch(string column);

    /// <summary>The SQL of an entry's time as whole UTC days since 1970.</summary>
    string DaysSinceEpoch(string column);

    /// <summary>The SQL of a time to compare an entry's time with.</summary>
    string Time(DateTimeOffset time);

    /// <summary>The SQL of a UUID, as columns hold it, of its text as details hold it.</summary>
    string Uuid(string text);

    /// <summary>A time that a query gave.</summary>
    DateTimeOffset ReadTime(DbDataReader row, int column);
}

/// <summary>The whole ledger as of one moment, read-only; what commits later does not show, so that a live system can be audited.</summary>
public interface IAuditSnapshot : ISqlReader, IAsyncDisposable
{
    /// <summary>Every account's entries in order, account by account, with what kind of account it is.</summary>
    IAsyncEnumerable<(AccountKind Kind, Entry Entry)> ReadAll(CancellationToken cancellation);

    /// <summary>
    /// Every account's entries before a time, with each run of gifts, or of credits of one day and hold, told by its last one: see
    /// <see cref="Accounts.AccountState.ApplyRun"/>. Gifts from <paramref name="byDayFrom"/> on run no longer than a day.
    /// </summary>
    IAsyncEnumerable<Entry> ReadRuns(DateTimeOffset byDayFrom, DateTimeOffset until, CancellationToken cancellation);
}

/// <summary>One transaction on the tables that are derived from entries. The entries themselves are only read.</summary>
public interface IDerivation : ISqlReader
{
    /// <summary>No entry that is not visible yet will be recorded before this time, give or take a second.</summary>
    Task<DateTimeOffset> ReadHorizon();

    /// <summary>Runs a statement, and says how many rows it wrote.</summary>
    Task<int> Execute(string sql);
}

/// <summary>What engines say differently.</summary>
internal sealed record SqlWords(
    Func<string, string> SecondsSinceEpoch, Func<string, string> DaysSinceEpoch, Func<DateTimeOffset, string> Time, Func<string, string> Uuid, Func<DbDataReader, int, DateTimeOffset> ReadTime);

/// <summary>A derivation in an open transaction, which whoever opened it commits.</summary>
internal sealed class TransactionDerivation(DbConnection connection, DbTransaction transaction, Func<Task<DateTimeOffset>> readHorizon, SqlWords words) : IDerivation
{
    public Task<DateTimeOffset> ReadHorizon() => readHorizon();

    public async Task<int> Execute(string sql)
    {
        await using var command = Command(sql);
        return await command.ExecuteNonQueryAsync();
    }

    public async Task<IReadOnlyList<T>> Query<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation)
    {
        await using var command = Command(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var result = new List<T>();
        while (await rows.ReadAsync(cancellation)) result.Add(read(rows));
        return result;
    }

    public string SecondsSinceEpoch(string column) => words.SecondsSinceEpoch(column);
    public string DaysSinceEpoch(string column) => words.DaysSinceEpoch(column);
    public string Time(DateTimeOffset time) => words.Time(time);
    public string Uuid(string text) => words.Uuid(text);
    public DateTimeOffset ReadTime(DbDataReader row, int column) => words.ReadTime(row, column);

    private DbCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        return command;
    }
}

/// <summary>A snapshot held by one open transaction of one connection.</summary>
internal sealed class TransactionSnapshot(
    DbConnection connection,
    DbTransaction transaction,
    string columns,
    Func<DbDataReader, Entry> readEntry,
    SqlWords words) : IAuditSnapshot
{
    public async IAsyncEnumerable<(AccountKind Kind, Entry Entry)> ReadAll([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = Command($"SELECT {columns}, a.kind FROM entries e LEFT JOIN accounts a ON a.account_id = e.account_id ORDER BY e.account_id, e.seq");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            yield return (await rows.IsDBNullAsync(14, cancellation) ? default : (AccountKind)rows.GetInt16(14), readEntry(rows));
    }

    public async IAsyncEnumerable<Entry> ReadRuns(DateTimeOffset byDayFrom, DateTimeOffset until, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var day = words.DaysSinceEpoch("recorded_at");
        var run = $"CASE kind WHEN 2 THEN CASE WHEN recorded_at < {Time(byDayFrom)} THEN 0 ELSE {day} END WHEN 11 THEN -1000 * {day} - COALESCE(CAST(detail ->> 'holdDays' AS bigint), 0) - 1 END";
        await using var command = Command(
            $"""
            SELECT {columns} FROM (
                SELECT *, LEAD(run) OVER (PARTITION BY account_id ORDER BY seq) AS next_run
                FROM (SELECT *, {run} AS run FROM entries WHERE recorded_at < {Time(until)}) lines) e
            WHERE run IS NULL OR next_run IS NULL OR run <> next_run ORDER BY account_id, seq
            """);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) yield return readEntry(rows);
    }

    public async Task<IReadOnlyList<T>> Query<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation)
    {
        await using var command = Command(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var result = new List<T>();
        while (await rows.ReadAsync(cancellation)) result.Add(read(rows));
        return result;
    }

    public string SecondsSinceEpoch(string column) => words.SecondsSinceEpoch(column);
    public string DaysSinceEpoch(string column) => words.DaysSinceEpoch(column);
    public string Time(DateTimeOffset time) => words.Time(time);
    public string Uuid(string text) => words.Uuid(text);
    public DateTimeOffset ReadTime(DbDataReader row, int column) => words.ReadTime(row, column);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private DbCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 600;
        command.Transaction = transaction;
        return command;
    }
}
