namespace Wallets.Ledger.Recognition;

/// <summary>When gifts count for a match: in [<see cref="From"/>, <see cref="Until"/>) and outside its pauses, by the ledger's time.</summary>
public sealed record MatchWindow(DateTimeOffset From, DateTimeOffset Until, IReadOnlyList<(DateTimeOffset From, DateTimeOffset Until)> Pauses);

/// <summary>
/// Adds up what viewers sent to one creator in a match, from the creator's own lines, so that the gifts of others cost it nothing. The sums
/// of consecutive parts of an account are those of the whole.
/// </summary>
public static class MatchCount
{
    /// <summary>Coins by viewer's account, of the gifts credited, refunded and restored in the creator's entries (afterSeq, throughSeq].</summary>
    public static async Task<IReadOnlyList<(long ViewerId, long Coins)>> Read(ILedger ledger, long creatorId, long afterSeq, long throughSeq, MatchWindow window)
    {
        await using var sql = await ledger.OpenSnapshot(default);
        string Counts(string gift) => string.Join(" AND NOT ", window.Pauses.Prepend((window.From, window.Until))
            .Select(span => $"({gift}.recorded_at >= {sql.Time(span.Item1)} AND {gift}.recorded_at < {sql.Time(span.Item2)})"));
        var lines = $"c.account_id = {creatorId} AND c.seq > {afterSeq} AND c.seq <= {throughSeq}";
        return await sql.Query(
            $"""
            SELECT viewer_id, CAST(SUM(coins) AS bigint) FROM (
                SELECT d.account_id AS viewer_id, -d.amount AS coins
                FROM entries c JOIN entries d ON d.transfer_id = c.transfer_id AND d.account_id = c.counterparty AND d.kind <> 11 AND d.kind = 2
                WHERE {lines} AND c.kind = 11 AND {Counts("d")}
                UNION ALL
                SELECT w.account_id, (CASE w.kind WHEN 7 THEN -1 ELSE 1 END) * CAST(w.detail ->> 'coins' AS bigint)
                FROM entries c JOIN entries w ON w.transfer_id = c.transfer_id AND w.account_id = c.counterparty AND w.kind <> 11 AND w.kind IN (7, 8)
                JOIN entries g ON g.transfer_id = {sql.Uuid("(w.detail ->> 'gift')")} AND g.account_id = w.account_id AND g.kind <> 11 AND g.kind = 2
                WHERE {lines} AND c.kind IN (15, 16) AND {Counts("g")} AND w.recorded_at < {sql.Time(window.Until)}) counted
            GROUP BY viewer_id
            """,
            row => (row.GetInt64(0), row.GetInt64(1)), default);
    }

    /// <summary>
    /// Whether every gift and refund to these creators that was recorded before <paramref name="until"/> has its other side, so that none is added to
    /// their lines any more.
    /// </summary>
    public static async Task<bool> IsSettled(ILedger ledger, IReadOnlyCollection<string> creatorIds, DateTimeOffset since, DateTimeOffset until)
    {
        var scan = await ledger.FindUnsettled(since, until, TimeSpan.Zero, 1, [], creatorIds);
        if (scan.Horizon - HorizonMargin < until || scan.Gifts.Count > 0) return false;
        return !(await ledger.FindUnsettledCorrections(since, MostCorrections)).Any(open => open.Debit.RecordedAt < until && creatorIds.Contains(open.CreatorId));
    }

    private const int MostCorrections = 10_000;

    /// <summary>For a transaction that had begun and did not show yet when the horizon was read.</summary>
    private static readonly TimeSpan HorizonMargin = TimeSpan.FromSeconds(1);
}
