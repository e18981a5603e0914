using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Recognition;

/// <summary>A line of a board. <see cref="Others"/> are a creator's supporters, or the creators of a viewer.</summary>
public sealed record BoardLine(long AccountId, long Coins, long Others);

/// <summary>Gifts of one kind, as collected by a creator or sent by a viewer.</summary>
/// <param name="Givers">Of a creator: how many viewers. Of a viewer: how many creators.</param>
/// <param name="First">Of a creator: who gave it first. Of a viewer: the creator who got it first.</param>
/// <param name="Top">Who gave, or got, the most coins of it.</param>
public sealed record GalleryLine(string GiftId, long Pieces, long Coins, long Givers, long First, DateTimeOffset FirstAt, long Top, long TopPieces);

/// <summary>Coins of a member to a creator, and since when.</summary>
public sealed record FanLine(long ViewerId, long Coins);

/// <summary>Reads what <see cref="RecognitionCount"/> keeps. Pairs whose every coin was refunded do not show.</summary>
public sealed class RecognitionBooks(ILedger ledger)
{
    public const int Creators = 1;
    public const int Viewers = 2;

    public Task<IReadOnlyList<BoardLine>> ReadBoard(RecognitionSpan span, int side, bool byOthers, long skipped, int limit) => Query(
        _ => $"""
        SELECT account_id, coins, others FROM recognition_boards WHERE span = {span.Span} AND number = {span.Number} AND side = {side} AND coins > 0
        ORDER BY {(byOthers ? "others DESC, coins DESC" : "coins DESC")}, account_id LIMIT {limit} OFFSET {skipped}
        """,
        (_, row) => new BoardLine(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)));

    public Task<IReadOnlyList<GalleryLine>> ReadCreatorsGallery(long creatorId) => ReadGallery("creator_id", creatorId, "viewer_id");

    public Task<IReadOnlyList<GalleryLine>> ReadViewersGallery(long viewerId) => ReadGallery("viewer_id", viewerId, "creator_id");

    /// <summary>Whoever sent the creator so many coins, most first.</summary>
    public Task<IReadOnlyList<FanLine>> ReadFans(long creatorId, long fromCoins, long skipped, int limit) => Query(
        _ => $"""
        SELECT viewer_id, coins FROM recognition_pairs WHERE span = 0 AND number = 0 AND creator_id = {creatorId} AND coins >= {fromCoins}
        ORDER BY coins DESC, viewer_id LIMIT {limit} OFFSET {skipped}
        """,
        (_, row) => new FanLine(row.GetInt64(0), row.GetInt64(1)));

    public async Task<long> CountFans(long creatorId, long fromCoins) => (await Query(
        _ => $"SELECT COUNT(*) FROM recognition_pairs WHERE span = 0 AND number = 0 AND creator_id = {creatorId} AND coins >= {fromCoins}", (_, row) => row.GetInt64(0)))[0];

    /// <summary>The coins that a viewer has sent to a creator in all time.</summary>
    public async Task<long> ReadPair(long creatorId, long viewerId) => (await Query(
        _ => $"SELECT coins FROM recognition_pairs WHERE span = 0 AND number = 0 AND creator_id = {creatorId} AND viewer_id = {viewerId}", (_, row) => row.GetInt64(0))).SingleOrDefault();

    /// <summary>The choices for and against anonymity after one of them, in order.</summary>
    public Task<IReadOnlyList<(long Seq, long AccountId, bool IsHidden)>> ReadChoices(long afterSeq, int limit) => Query(
        _ => $"SELECT choice_seq, account_id, hidden FROM anonymous_choices WHERE choice_seq > {afterSeq} ORDER BY choice_seq LIMIT {limit}",
        (_, row) => (row.GetInt64(0), row.GetInt64(1), row.GetInt16(2) == 1));

    public async Task<bool> IsHidden(long accountId) => (await Query(
        _ => $"SELECT hidden FROM anonymous_choices WHERE account_id = {accountId} ORDER BY choice_seq DESC LIMIT 1", (_, row) => row.GetInt16(0) == 1)).SingleOrDefault();

    public Task Choose(long accountId, bool isHidden) =>
        ledger.Derive(tables => tables.Execute($"INSERT INTO anonymous_choices (account_id, hidden) VALUES ({accountId}, {(isHidden ? 1 : 0)})"), default);

    /// <summary>The first giver is whoever sent it first of those with coins that stand.</summary>
    private Task<IReadOnlyList<GalleryLine>> ReadGallery(string owner, long ownerId, string other) => Query(
        sql => $"""
        SELECT gift_id, CAST(SUM(pieces) AS bigint), CAST(SUM(coins) AS bigint), COUNT(*),
               MAX(CASE WHEN first_rank = 1 THEN other END), MIN(first_at), MAX(CASE WHEN top_rank = 1 THEN other END), MAX(CASE WHEN top_rank = 1 THEN pieces END)
        FROM (
            SELECT gift_id, {other} AS other, pieces, coins, first_at,
                   ROW_NUMBER() OVER (PARTITION BY gift_id ORDER BY first_at, {other}) AS first_rank,
                   ROW_NUMBER() OVER (PARTITION BY gift_id ORDER BY coins DESC, {other}) AS top_rank
            FROM recognition_gallery WHERE {owner} = {ownerId} AND coins > 0) ranked
        GROUP BY gift_id ORDER BY 3 DESC, gift_id LIMIT 1000
        """,
        (sql, row) => new GalleryLine(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), sql.ReadTime(row, 5), row.GetInt64(6), row.GetInt64(7)));

    private async Task<IReadOnlyList<T>> Query<T>(Func<ISqlReader, string> sql, Func<ISqlReader, System.Data.Common.DbDataReader, T> read)
    {
        await using var snapshot = await ledger.OpenSnapshot(default);
        return await snapshot.Query(sql(snapshot), row => read(snapshot, row), default);
    }
}
