namespace Wallets.Ledger.Sqlite;

public sealed partial class SqliteLedger
{
    public Task<IReadOnlyList<OpenPayout>> FindOpenPayouts(DateTimeOffset since, int limit) => Reading<IReadOnlyList<OpenPayout>>(connection =>
        Query(connection,
            $"""
            SELECT creator.name, e.transfer_id, e.recorded_at FROM entries e JOIN accounts creator ON creator.account_id = e.account_id
            WHERE e.kind = 12 AND e.recorded_at >= $1
              AND NOT EXISTS (SELECT 1 FROM entries d WHERE d.detail ->> 'payout' = {UuidText("e.transfer_id")} AND d.account_id = e.account_id AND d.kind IN (13, 14))
            ORDER BY e.recorded_at LIMIT $2
            """,
            row => new OpenPayout(row.GetString(0), ReadGuid(row, 1), FromMicroseconds(row.GetInt64(2))), ToMicroseconds(since), (long)limit));

    public Task<IReadOnlyList<Entry>> ReadPayouts(long accountId, long afterSeq, int limit) => Reading<IReadOnlyList<Entry>>(connection =>
        Query(connection, $"SELECT {Columns} FROM entries WHERE account_id = $1 AND seq > $2 AND kind = 12 ORDER BY seq LIMIT $3", ReadEntry, accountId, afterSeq, (long)limit));

    public Task<IReadOnlyList<EndedPayout>> FindEndedPayouts(EntryKind end, EntryPlace before, int limit) => Reading<IReadOnlyList<EndedPayout>>(connection =>
        Query(connection,
            """
            SELECT creator.name, e.detail ->> 'payout', e.recorded_at, e.account_id, e.seq FROM entries e JOIN accounts creator ON creator.account_id = e.account_id
            WHERE e.kind IN (13, 14) AND e.kind = $1 AND (e.recorded_at, e.account_id, e.seq) < ($2, $3, $4)
            ORDER BY e.recorded_at DESC, e.account_id DESC, e.seq DESC LIMIT $5
            """,
            row => new EndedPayout(row.GetString(0), Guid.ParseExact(row.GetString(1), "D"), new(FromMicroseconds(row.GetInt64(2)), row.GetInt64(3), row.GetInt64(4))),
            (long)end, ToMicroseconds(before.RecordedAt), before.AccountId, before.Seq, (long)limit));
}
