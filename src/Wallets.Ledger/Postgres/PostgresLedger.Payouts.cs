namespace Wallets.Ledger.Postgres;

public sealed partial class PostgresLedger
{
    public async Task<IReadOnlyList<OpenPayout>> FindOpenPayouts(DateTimeOffset since, int limit) =>
        await Query(
            _scans,
            """
            SELECT creator.name, e.transfer_id, e.recorded_at FROM entries e JOIN accounts creator USING (account_id)
            WHERE e.kind = 12 AND e.recorded_at >= $1
              AND (SELECT d.seq FROM entries d WHERE d.detail ->> 'payout' = e.transfer_id::text AND d.account_id = e.account_id AND d.kind IN (13, 14) LIMIT 1) IS NULL
            ORDER BY e.recorded_at LIMIT $2
            """,
            row => new OpenPayout(row.GetString(0), row.GetGuid(1), new DateTimeOffset(row.GetDateTime(2))), default, since.UtcDateTime, limit);

    public async Task<IReadOnlyList<Entry>> ReadPayouts(long accountId, long afterSeq, int limit) =>
        await Query($"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 AND kind = 12 ORDER BY seq LIMIT $3", ReadEntry, default, accountId, afterSeq, limit);

    public async Task<IReadOnlyList<EndedPayout>> FindEndedPayouts(EntryKind end, EntryPlace before, int limit) =>
        await Query(
            _scans,
            """
            SELECT creator.name, e.detail ->> 'payout', e.recorded_at, e.account_id, e.seq FROM entries e JOIN accounts creator USING (account_id)
            WHERE e.kind IN (13, 14) AND e.kind = $1 AND (e.recorded_at, e.account_id, e.seq) < ($2, $3, $4)
            ORDER BY e.recorded_at DESC, e.account_id DESC, e.seq DESC LIMIT $5
            """,
            row => new EndedPayout(row.GetString(0), Guid.ParseExact(row.GetString(1), "D"), new(new DateTimeOffset(row.GetDateTime(2)), row.GetInt64(3), row.GetInt64(4))),
            default, (short)end, before.RecordedAt.UtcDateTime, before.AccountId, before.Seq, limit);
}
