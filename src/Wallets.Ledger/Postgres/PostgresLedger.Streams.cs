namespace Wallets.Ledger.Postgres;

public sealed partial class PostgresLedger
{
    /// <summary>Each gift and each correction is looked up by its key, whatever the planner thinks of joins.</summary>
    public async Task<IReadOnlyList<StreamShare>> SumStream(long accountId, Guid streamId, long afterSeq, long throughSeq) =>
        await Query(
            _scans,
            """
            SELECT sender.name, part.gifts, part.coins, part.diamonds
            FROM (
                SELECT sender, sum(gifts)::bigint AS gifts, sum(coins)::bigint AS coins, sum(diamonds)::bigint AS diamonds
                FROM (
                    SELECT c.counterparty AS sender, d.quantity AS gifts, -d.amount AS coins, c.amount AS diamonds
                    FROM entries c
                    CROSS JOIN LATERAL (SELECT quantity, amount, stream_id FROM entries d WHERE d.transfer_id = c.transfer_id AND d.account_id = c.counterparty AND d.kind <> 11 LIMIT 1) d
                    WHERE c.account_id = $1 AND c.seq > $3 AND c.seq <= $4 AND c.kind = 11 AND d.stream_id = $2
                    UNION ALL
                    SELECT c.counterparty, 0, sign * (w.detail ->> 'coins')::bigint, sign * (w.detail ->> 'diamonds')::bigint
                    FROM entries c
                    CROSS JOIN LATERAL (SELECT CASE c.kind WHEN 15 THEN -1 ELSE 1 END AS sign) s
                    CROSS JOIN LATERAL (SELECT detail FROM entries w WHERE w.transfer_id = c.transfer_id AND w.account_id = c.counterparty AND w.kind <> 11 LIMIT 1) w
                    CROSS JOIN LATERAL (SELECT stream_id FROM entries d WHERE d.transfer_id = (c.detail ->> 'gift')::uuid AND d.account_id = c.counterparty AND d.kind <> 11 LIMIT 1) d
                    WHERE c.account_id = $1 AND c.seq > $3 AND c.seq <= $4 AND c.kind IN (15, 16) AND d.stream_id = $2) parts
                GROUP BY sender) part
            JOIN accounts sender ON sender.account_id = part.sender
            """,
            row => new StreamShare(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), default, accountId, streamId, afterSeq, throughSeq);

    public async Task<ChargedStreak?> FindStreak(long accountId, Guid streakId)
    {
        var found = await Query(
            $"""
            SELECT {Columns}, (sum(-amount) OVER ())::bigint FROM entries
            WHERE detail ->> 'streak' = $2 AND account_id = $1 AND kind = 2 AND detail ->> 'streak' IS NOT NULL ORDER BY seq DESC LIMIT 1
            """,
            row => new ChargedStreak(ReadEntry(row), row.GetInt64(14)), default, accountId, streakId.ToString());
        return found.SingleOrDefault();
    }
}
