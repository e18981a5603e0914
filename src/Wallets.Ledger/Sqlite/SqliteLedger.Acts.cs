using Microsoft.Data.Sqlite;

namespace Wallets.Ledger.Sqlite;

/// <summary>The record of acts.</summary>
public sealed partial class SqliteLedger
{
    private const string ActColumns = "act_seq, act_key, step, actor, recorded_at, act_order, note";

    public async Task<bool> RecordAct(ActStep step)
    {
        await _writing.WaitAsync();
        try
        {
            var recordedAt = NextTime();
            return (await Reading(connection => Query(connection,
                "INSERT INTO acts (act_key, step, actor, recorded_at, act_order, note) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING act_seq",
                row => row.GetInt64(0), Bytes(step.Key), step.Step, step.Actor, recordedAt, step.Order is null ? DBNull.Value : EntryJson.Write(step.Order), (object?)step.Note ?? DBNull.Value))).Count == 1;
        }
        finally
        {
            _writing.Release();
        }
    }

    public Task<IReadOnlyList<ActStep>> ReadAct(Guid key) => Reading<IReadOnlyList<ActStep>>(connection =>
        Query(connection, $"SELECT {ActColumns} FROM acts WHERE act_key = $1 ORDER BY act_seq", ReadActStep, Bytes(key)));

    public Task<IReadOnlyList<ActStep>> ReadActs(long afterSeq, int limit) => Reading<IReadOnlyList<ActStep>>(connection =>
        Query(connection, $"SELECT {ActColumns} FROM acts WHERE act_seq > $1 ORDER BY act_seq LIMIT $2", ReadActStep, afterSeq, (long)limit));

    private static ActStep ReadActStep(SqliteDataReader row) => new(
        row.GetInt64(0), ReadGuid(row, 1), row.GetString(2), row.GetString(3), FromMicroseconds(row.GetInt64(4)),
        EntryJson.ReadActOrder(row.IsDBNull(5) ? null : row.GetString(5)), row.IsDBNull(6) ? null : row.GetString(6));
}
