using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Recognition;

/// <summary>
/// Keeps the tables of recognition: it counts committed gifts and their refunds in the order of their time, a window at a time, each
/// in one transaction with the time up to which is counted. Whoever dies in between has counted all of a window or nothing, and of two
/// who count the same window one does. A window ends before the ledger's horizon, so nothing appears in it later.
/// A gift costs its wallet and its creator nothing here: what is read are its committed rows, what is written is one row for each pair of viewer and
/// creator of a window and span, not for each gift.
/// </summary>
public sealed class RecognitionCount(ILedger ledger)
{
    /// <summary>For a transaction that had begun and did not show yet when the horizon was read.</summary>
    private static readonly TimeSpan HorizonMargin = TimeSpan.FromSeconds(1);

    /// <summary>Counts the next window of about so many gifts at most.</summary>
    public Task<RecognitionProgress> Advance(int mostGifts, CancellationToken cancellation = default) => ledger.Derive(async tables =>
    {
        var until = await tables.ReadHorizon() - HorizonMargin;
        var from = await ReadThrough(tables);
        if (until <= from) return new RecognitionProgress(from, IsBehind: false);

        var (to, isBehind) = await EndOf(tables, from, until, mostGifts);
        var window = new Window(tables, from, to, Oldest: RecognitionSpan.DayNumber(until) - RecognitionSpan.KeptDays);
        if (await window.IsEmpty()) return new RecognitionProgress(to, isBehind);   // nothing is written while nothing is given

        var isOurs = await tables.Execute($"UPDATE recognition_progress SET through = {tables.Time(to)} WHERE one = 1 AND through = {tables.Time(from)}") == 1;
        if (isOurs) await window.Count();
        return new RecognitionProgress(to, isBehind);
    }, cancellation);

    /// <summary>Empties everything; what follows counts from the first entry on.</summary>
    public Task Rebuild(CancellationToken cancellation = default) => ledger.Derive(async tables =>
    {
        await tables.Execute($"UPDATE recognition_progress SET through = {tables.Time(DateTimeOffset.UnixEpoch)} WHERE one = 1");
        foreach (var table in (string[])["recognition_pairs", "recognition_boards", "recognition_gallery"]) await tables.Execute($"DELETE FROM {table}");
        return true;
    }, cancellation);

    /// <summary>Forgets weeks and days that nobody asks for any more.</summary>
    public Task Forget(DateTimeOffset now, CancellationToken cancellation = default) => ledger.Derive(async tables =>
    {
        var day = RecognitionSpan.DayNumber(now) - RecognitionSpan.KeptDays;
        foreach (var table in (string[])["recognition_pairs", "recognition_boards"])
            await tables.Execute($"DELETE FROM {table} WHERE (span = 1 AND number < {(day + RecognitionSpan.DaysBeforeFirst) / 7}) OR (span = 2 AND number < {day})");
        return true;
    }, cancellation);

    private static async Task<DateTimeOffset> ReadThrough(IDerivation tables) =>
        (await tables.Query("SELECT through FROM recognition_progress WHERE one = 1", row => tables.ReadTime(row, 0), default))[0];

    /// <summary>The time before which there are about so many gifts, all of one flush together.</summary>
    private static async Task<(DateTimeOffset To, bool IsBehind)> EndOf(IDerivation tables, DateTimeOffset from, DateTimeOffset until, int mostGifts)
    {
        async Task<DateTimeOffset?> GiftAfter(string condition, int skipped) => (await tables.Query(
            $"SELECT recorded_at FROM entries WHERE kind = 2 AND recorded_at {condition} {tables.Time(from)} AND recorded_at < {tables.Time(until)} ORDER BY recorded_at LIMIT 1 OFFSET {skipped}",
            row => (DateTimeOffset?)tables.ReadTime(row, 0), default)).SingleOrDefault();

        if (await GiftAfter(">=", mostGifts) is not { } end) return (until, false);
        return end > from ? (end, true) : (await GiftAfter(">", 0) ?? until, true);
    }

    /// <summary>Gifts, refunded and restored gifts recorded in [from, to).</summary>
    private sealed record Window(IDerivation Tables, DateTimeOffset From, DateTimeOffset To, int Oldest)
    {
        private string Recorded(string table) => $"{table}.recorded_at >= {Tables.Time(From)} AND {table}.recorded_at < {Tables.Time(To)}";

        /// <summary>
        /// One row a gift, and one a refunded or restored part of a gift, which counts where its gift did. A refund takes out the pieces that it
        /// pays for whole.
        /// </summary>
        private string Moved =>
            $"""
            moved AS (
                SELECT e.counterparty AS creator_id, e.account_id AS viewer_id, e.gift_id, e.quantity AS pieces, -e.amount AS coins, e.recorded_at, 1 AS is_gift
                FROM entries e WHERE e.kind = 2 AND {Recorded("e")}
                UNION ALL
                SELECT g.counterparty, g.account_id, g.gift_id,
                       (CASE r.kind WHEN 7 THEN -1 ELSE 1 END) * (CAST(r.detail ->> 'coins' AS bigint) / (-g.amount / g.quantity)),
                       (CASE r.kind WHEN 7 THEN -1 ELSE 1 END) * CAST(r.detail ->> 'coins' AS bigint), g.recorded_at, 0
                FROM entries r JOIN entries g ON g.transfer_id = {Tables.Uuid("(r.detail ->> 'gift')")} AND g.account_id = r.account_id AND g.kind <> 11 AND g.kind = 2
                WHERE r.kind IN (7, 8) AND {Recorded("r")})
            """;

        /// <summary>What the window adds to each pair, span by span.</summary>
        private string Deltas =>
            $"""
            {Moved}, dated AS (SELECT creator_id, viewer_id, coins, {Tables.DaysSinceEpoch("recorded_at")} AS day FROM moved),
            deltas AS (
                SELECT span, number, creator_id, viewer_id, CAST(SUM(coins) AS bigint) AS coins
                FROM (
                    SELECT 0 AS span, 0 AS number, creator_id, viewer_id, coins FROM dated
                    UNION ALL SELECT 1, (day + {RecognitionSpan.DaysBeforeFirst}) / 7, creator_id, viewer_id, coins FROM dated WHERE day >= {Oldest}
                    UNION ALL SELECT 2, day, creator_id, viewer_id, coins FROM dated WHERE day >= {Oldest}) spans
                GROUP BY span, number, creator_id, viewer_id)
            """;

        public async Task<bool> IsEmpty() => (await Tables.Query(
            $"SELECT 1 FROM entries e WHERE e.kind = 2 AND {Recorded("e")} UNION ALL SELECT 1 FROM entries e WHERE e.kind IN (7, 8) AND {Recorded("e")} LIMIT 1",
            row => row.GetInt32(0), default)).Count == 0;

        /// <summary>The boards first: they compare what pairs had with what they are about to have.</summary>
        public async Task Count()
        {
            await CountBoard(side: 1, "creator_id", "true");
            await CountBoard(side: 2, "viewer_id", "d.span = 1");
            await Tables.Execute(
                $"""
                WITH {Deltas}
                INSERT INTO recognition_pairs (span, number, creator_id, viewer_id, coins)
                SELECT span, number, creator_id, viewer_id, coins FROM deltas WHERE true
                ON CONFLICT (span, number, creator_id, viewer_id) DO UPDATE SET coins = recognition_pairs.coins + excluded.coins
                """);
            await Tables.Execute(
                $"""
                WITH {Moved}
                INSERT INTO recognition_gallery (creator_id, gift_id, viewer_id, pieces, coins, first_at)
                SELECT creator_id, gift_id, viewer_id, CAST(SUM(pieces) AS bigint), CAST(SUM(coins) AS bigint), MIN(recorded_at)
                FROM moved WHERE true GROUP BY creator_id, gift_id, viewer_id
                ON CONFLICT (creator_id, gift_id, viewer_id) DO UPDATE SET pieces = recognition_gallery.pieces + excluded.pieces, coins = recognition_gallery.coins + excluded.coins,
                    first_at = CASE WHEN excluded.first_at < recognition_gallery.first_at THEN excluded.first_at ELSE recognition_gallery.first_at END
                """);
        }

        private Task<int> CountBoard(int side, string account, string condition) => Tables.Execute(
            $"""
            WITH {Deltas}
            INSERT INTO recognition_boards (span, number, side, account_id, coins, others)
            SELECT d.span, d.number, {side}, d.{account}, CAST(SUM(d.coins) AS bigint),
                   CAST(SUM(CASE WHEN COALESCE(p.coins, 0) + d.coins > 0 THEN 1 ELSE 0 END - CASE WHEN COALESCE(p.coins, 0) > 0 THEN 1 ELSE 0 END) AS bigint)
            FROM deltas d LEFT JOIN recognition_pairs p ON p.span = d.span AND p.number = d.number AND p.creator_id = d.creator_id AND p.viewer_id = d.viewer_id
            WHERE {condition} GROUP BY d.span, d.number, d.{account}
            ON CONFLICT (span, number, side, account_id) DO UPDATE SET coins = recognition_boards.coins + excluded.coins, others = recognition_boards.others + excluded.others
            """);
    }
}

/// <param name="Through">Every gift recorded before is counted.</param>
/// <param name="IsBehind">Whether there is more to count at once.</param>
public readonly record struct RecognitionProgress(DateTimeOffset Through, bool IsBehind);
