namespace Wallets.Ledger.Sqlite;

public sealed partial class SqliteLedger
{
    public Task<IReadOnlyList<StreamShare>> SumStream(long accountId, Guid streamId, long afterSeq, long throughSeq) => Reading<IReadOnlyList<StreamShare>>(connection =>
        Query(connection,
            """
            SELECT sender.name, sum(gifts), sum(coins), sum(diamonds)
            FROM (
                SELECT c.counterparty AS sender, d.quantity AS gifts, -d.amount AS coins, c.amount AS diamonds
                FROM entries c
                JOIN entries d ON d.transfer_id = c.transfer_id AND d.account_id = c.counterparty AND d.kind <> 11
                WHERE c.account_id = $1 AND c.seq > $3 AND c.seq <= $4 AND c.kind = 11 AND d.stream_id = $2
                UNION ALL
                SELECT c.counterparty, 0, CASE c.kind WHEN 15 THEN -1 ELSE 1 END * (w.detail ->> 'coins'), CASE c.kind WHEN 15 THEN -1 ELSE 1 END * (w.detail ->> 'diamonds')
                FROM entries c
                JOIN entries w ON w.transfer_id = c.transfer_id AND w.account_id = c.counterparty AND w.kind <> 11
                JOIN entries d ON d.transfer_id = unhex(replace(c.detail ->> 'gift', '-', '')) AND d.account_id = c.counterparty AND d.kind <> 11
                WHERE c.account_id = $1 AND c.seq > $3 AND c.seq <= $4 AND c.kind IN (15, 16) AND d.stream_id = $2) parts
            JOIN accounts sender ON sender.account_id = parts.sender
            GROUP BY sender.name
            """,
            row => new StreamShare(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), accountId, Bytes(streamId), afterSeq, throughSeq));

    public Task<ChargedStreak?> FindStreak(long accountId, Guid streakId) => Reading(connection =>
        Query(connection,
            $"""
            SELECT {Columns}, sum(-amount) OVER () FROM entries
            WHERE detail ->> 'streak' = $2 AND account_id = $1 AND kind = 2 AND detail ->> 'streak' IS NOT NULL ORDER BY seq DESC LIMIT 1
            """,
            row => new ChargedStreak(ReadEntry(row), row.GetInt64(14)), accountId, streakId.ToString()).SingleOrDefault());
}
