using Npgsql;

namespace Wallets.Ledger.Postgres;

/// <summary>The record of acts.</summary>
public sealed partial class PostgresLedger
{
    private const string ActColumns = "act_seq, act_key, step, actor, recorded_at, act_order, note";

    public async Task<bool> RecordAct(ActStep step) => (await Query(
        "INSERT INTO acts (act_key, step, actor, act_order, note) VALUES ($1, $2, $3, $4::jsonb, $5) ON CONFLICT DO NOTHING RETURNING act_seq",
        row => row.GetInt64(0), default, step.Key, step.Step, step.Actor, step.Order is null ? DBNull.Value : EntryJson.Write(step.Order), (object?)step.Note ?? DBNull.Value)).Count == 1;

    public async Task<IReadOnlyList<ActStep>> ReadAct(Guid key) => await Query($"SELECT {ActColumns} FROM acts WHERE act_key = $1 ORDER BY act_seq", ReadActStep, default, key);

    public async Task<IReadOnlyList<ActStep>> ReadActs(long afterSeq, int limit) =>
        await Query($"SELECT {ActColumns} FROM acts WHERE act_seq > $1 ORDER BY act_seq LIMIT $2", ReadActStep, default, afterSeq, limit);

    private static ActStep ReadActStep(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetDateTime(4),
        EntryJson.ReadActOrder(row.IsDBNull(5) ? null : row.GetString(5)), row.IsDBNull(6) ? null : row.GetString(6));
}
