using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Wallets.Grains.Payments;

/// <summary>A row of the inbox. Status is one of <see cref="NotificationView"/>'s.</summary>
internal sealed record InboxItem(
    string Channel, string Id, string Kind, string Body, DateTimeOffset ReceivedAt, string Status, int Attempts, DateTimeOffset? DueAt, string? Code, string? Detail)
{
    public const string Notification = "notification";
    public const string Completion = "completion";
    public const string Alert = "alert";

    public NotificationView View(bool withBody = false) => new(Channel, Id, Kind, Status, ReceivedAt, Attempts, DueAt, Code, Detail, withBody ? Body : null);
}

/// <summary>
/// Table <c>notifications</c>: what has to be handled, stored before anybody is answered, and kept. It stands beside the grain state, in the
/// same SQL on either engine. A database fault is a <see cref="DbException"/>, which the grains' filter turns into unavailable.
/// </summary>
internal sealed class Inbox(StateStorage storage) : IAsyncDisposable
{
    private const int MaxDetailLength = 2_000;
    private const string Columns = "channel, id, kind, body, received_at, status, attempts, due_at, code, detail";

    private readonly DbDataSource _source = storage.Invariant == StateStorage.PostgresInvariant
        ? NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(storage.ConnectionString) { ApplicationName = "wallets-inbox", Timeout = 3, CommandTimeout = 10, MaxPoolSize = 8 })
        : SqliteFactory.Instance.CreateDataSource(storage.ConnectionString);

    /// <summary>False if it is there already, which changes nothing.</summary>
    public async Task<bool> Store(InboxItem item) => (await Query(
        $"""
        INSERT INTO notifications ({Columns}) VALUES (@channel, @id, @kind, @body, @received, @status, @attempts, @due, @code, @detail)
        ON CONFLICT (channel, id) DO NOTHING RETURNING {Columns}
        """,
        ("channel", item.Channel), ("id", item.Id), ("kind", item.Kind), ("body", item.Body), ("received", item.ReceivedAt.UtcDateTime), ("status", item.Status),
        ("attempts", item.Attempts), ("due", item.DueAt?.UtcDateTime), ("code", item.Code), ("detail", Readable(item.Detail)))).Count == 1;

    /// <summary>Those of a channel that are to be handled by <paramref name="now"/>, longest due first.</summary>
    public Task<List<InboxItem>> FindDue(string channel, DateTimeOffset now, int limit) => Query(
        $"SELECT {Columns} FROM notifications WHERE channel = @channel AND due_at <= @now ORDER BY due_at LIMIT @limit",
        ("channel", channel), ("now", now.UtcDateTime), ("limit", limit));

    public async Task<InboxItem?> Find(string channel, string id) =>
        (await Query($"SELECT {Columns} FROM notifications WHERE channel = @channel AND id = @id", ("channel", channel), ("id", id))).SingleOrDefault();

    /// <summary>In the order they came, after a place in it.</summary>
    public Task<List<InboxItem>> GetPage(string status, DateTimeOffset afterTime, string afterChannel, string afterId, int limit) => Query(
        $"""
        SELECT {Columns} FROM notifications
        WHERE (@status = '' OR status = @status) AND (received_at, channel, id) > (@time, @channel, @id)
        ORDER BY received_at, channel, id LIMIT @limit
        """,
        ("status", status), ("time", afterTime.UtcDateTime), ("channel", afterChannel), ("id", afterId), ("limit", limit));

    /// <summary>Notes how far it has come. What is done stays done.</summary>
    public Task Update(InboxItem item) => Query(
        $"""
        UPDATE notifications SET status = @status, attempts = @attempts, due_at = @due, code = @code, detail = @detail
        WHERE channel = @channel AND id = @id AND status <> 'done' RETURNING {Columns}
        """,
        ("channel", item.Channel), ("id", item.Id), ("status", item.Status), ("attempts", item.Attempts), ("due", item.DueAt?.UtcDateTime), ("code", item.Code), ("detail", Readable(item.Detail)));

    public async Task<long> CountOpen(string channel)
    {
        await using var command = Command("SELECT count(*) FROM notifications WHERE status = 'open' AND channel = @channel", [("channel", channel)]);
        return Convert.ToInt64(await command.ExecuteScalarAsync());
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<List<InboxItem>> Query(string sql, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var rows = await command.ExecuteReaderAsync();
        var items = new List<InboxItem>();
        while (await rows.ReadAsync()) items.Add(Read(rows));
        return items;
    }

    private DbCommand Command(string sql, (string Name, object? Value)[] parameters)
    {
        var command = _source.CreateCommand(sql);
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    /// <summary>Details quote what others sent, which may be long, or no text that a database takes.</summary>
    private static string? Readable(string? detail) => detail is null ? null : string.Concat(detail.Take(MaxDetailLength).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));

    private static InboxItem Read(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), TimeAt(row, 4), row.GetString(5), row.GetInt32(6),
        row.IsDBNull(7) ? null : TimeAt(row, 7), row.IsDBNull(8) ? null : row.GetString(8), row.IsDBNull(9) ? null : row.GetString(9));

    private static DateTimeOffset TimeAt(DbDataReader row, int column) => new(DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc));
}
