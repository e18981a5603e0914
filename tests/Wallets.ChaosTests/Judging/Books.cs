using Npgsql;
using Wallets.ChaosTests.Work;

namespace Wallets.ChaosTests.Judging;

internal enum Holder { Wallet = 1, Creator = 2 }

/// <summary>The kinds of lines, as the schema numbers them.</summary>
internal static class Kinds
{
    public const short Purchase = 1, GiftSent = 2, Granted = 3, Expired = 4, Refunded = 5, RefundReversed = 6, GiftRefunded = 7, GiftRestored = 8, Adjusted = 9, StandingChanged = 10;
    public const short GiftReceived = 11, PayoutReserved = 12, PayoutReturned = 13, PayoutPaid = 14, ClawedBack = 15, ClawbackReversed = 16, EarningsAdjusted = 17;
}

/// <summary>One row of the table of entries, with names.</summary>
/// <param name="Content">What was asked for, as its wish says it; the refund that it follows from; the payout that it ends.</param>
/// <param name="Payment">Of purchases, refunds and their reversals; with its channel before it unless it was paid at the checkout.</param>
internal sealed record Line(
    Holder Holder, string Account, long Seq, Guid Transfer, short Kind, long Amount, long After, string? Other, long? Diamonds, string? Content, string? Payment, long? Coins, string? Gift,
    string? Lot, string? Refund, string? Standing, DateTimeOffset? ExpiresAt, DateTimeOffset RecordedAt)
{
    private const string Dev = "dev:";

    public bool IsOfCheckout => Payment is not null && !Payment.StartsWith(Dev, StringComparison.Ordinal);

    /// <summary>Under which it was asked for.</summary>
    public Guid Key => Kind switch
    {
        Kinds.Granted => Identity.Of("grant", Content!, Account),
        Kinds.Purchase when IsOfCheckout => Identity.Of("web", Payment!),
        _ => Transfer,
    };

    /// <summary>Somebody asked for it under this very key.</summary>
    public bool IsOwn => Kind switch
    {
        Kinds.Purchase or Kinds.GiftSent or Kinds.Granted or Kinds.PayoutReserved or Kinds.Adjusted or Kinds.EarningsAdjusted => true,
        Kinds.Refunded => !IsOfCheckout,
        Kinds.StandingChanged => Refund is null,
        _ => false,
    };

    /// <summary>It follows from a refund, whose key is its <see cref="Content"/>.</summary>
    public bool IsOfRefund => Kind is Kinds.GiftRefunded or Kinds.GiftRestored or Kinds.ClawedBack or Kinds.ClawbackReversed || (Kind == Kinds.StandingChanged && Refund is not null);

    /// <summary>Whether this is what the caller wanted, to the coin.</summary>
    public bool Fulfils(Wish wish) => wish.Act switch
    {
        Act.Purchase or Act.Checkout => Kind == Kinds.Purchase && Amount == wish.Amount && Payment == wish.Content,
        Act.Gift => Kind == Kinds.GiftSent && Amount == -wish.Amount && Content == wish.Content && Other == wish.Creator,
        Act.Refund => Kind == Kinds.Refunded && Content == wish.Content,
        Act.Grant => Kind == Kinds.Granted && Amount == wish.Amount && Content == wish.Content,
        Act.Adjust => Kind is Kinds.Adjusted or Kinds.EarningsAdjusted && Amount == wish.Amount,
        Act.Freeze => Kind == Kinds.StandingChanged && Standing == wish.Content,
        _ => Kind == Kinds.PayoutReserved && Amount == -wish.Amount,
    };
}

/// <summary>The database as the judge reads it: tables only, none of the server's code.</summary>
internal sealed class Books(string connectionString)
{
    private const string Unsettled =
        """
        SELECT (SELECT count(*) FROM entries d WHERE kind = 2 AND recorded_at BETWEEN $1 AND $2
                AND NOT EXISTS (SELECT FROM entries c WHERE c.transfer_id = d.transfer_id AND c.counterparty = d.account_id AND c.account_id = d.counterparty AND c.kind = 11))
             + (SELECT count(*) FROM entries d WHERE kind IN (7, 8) AND recorded_at BETWEEN $1 AND $2
                AND NOT EXISTS (SELECT FROM entries c WHERE c.transfer_id = d.transfer_id AND c.account_id = d.counterparty AND c.kind <> 11))
        """;

    public async Task<IReadOnlyList<Line>> ReadAll() => await Query(
        """
        SELECT a.kind, a.name, e.seq, e.transfer_id, e.kind, e.amount, e.balance_after, o.name, coalesce(e.diamonds, (e.detail ->> 'diamonds')::bigint),
               CASE e.kind WHEN 2 THEN e.stream_id || '/' || e.gift_id || '/' || e.quantity WHEN 3 THEN e.detail ->> 'campaign' WHEN 5 THEN e.detail ->> 'lot'
                 WHEN 13 THEN e.detail ->> 'payout' WHEN 14 THEN e.detail ->> 'payout' ELSE e.detail ->> 'refund' END,
               CASE WHEN e.kind IN (1, 5, 6) THEN CASE e.detail ->> 'channel' WHEN 'web' THEN '' ELSE (e.detail ->> 'channel') || ':' END || (e.detail ->> 'payment') END,
               (e.detail ->> 'coins')::bigint, e.detail ->> 'gift', e.detail ->> 'lot', e.detail ->> 'refund', e.detail ->> 'standing', (e.detail ->> 'expiresAt')::timestamptz, e.recorded_at
        FROM entries e JOIN accounts a ON a.account_id = e.account_id LEFT JOIN accounts o ON o.account_id = e.counterparty
        ORDER BY e.account_id, e.seq
        """,
        row => new Line((Holder)row.GetInt16(0), row.GetString(1), row.GetInt64(2), row.GetGuid(3), row.GetInt16(4), row.GetInt64(5), row.GetInt64(6),
            Text(row, 7), row.IsDBNull(8) ? null : row.GetInt64(8), Text(row, 9), Text(row, 10), row.IsDBNull(11) ? null : row.GetInt64(11), Text(row, 12),
            Text(row, 13), Text(row, 14), Text(row, 15), row.IsDBNull(16) ? null : row.GetFieldValue<DateTimeOffset>(16), row.GetFieldValue<DateTimeOffset>(17)));

    public async Task<DateTime> Now() => (await Query("SELECT now()", row => row.GetDateTime(0)))[0];

    /// <summary>Gifts without their credit, and refunded ones not taken back, that were recorded in this time.</summary>
    public async Task<long> CountUnsettled(DateTime from, DateTime to) => (await Query(Unsettled, row => row.GetInt64(0), from, to))[0];

    public Task<long> CountUnsettled() => CountUnsettled(DateTime.UnixEpoch, DateTime.MaxValue.ToUniversalTime());

    /// <summary>Payouts that have not ended.</summary>
    public async Task<long> CountOpenPayouts() => (await Query(
        """
        SELECT count(*) FROM entries p WHERE kind = 12
        AND NOT EXISTS (SELECT FROM entries e WHERE e.kind IN (13, 14) AND e.account_id = p.account_id AND e.detail ->> 'payout' = p.transfer_id::text)
        """,
        row => row.GetInt64(0)))[0];

    /// <summary>What the checkout told that is not handled yet.</summary>
    public async Task<long> CountWaiting() => (await Query("SELECT count(*) FROM notifications WHERE status = 'waiting'", row => row.GetInt64(0)))[0];

    /// <summary>Coins that campaigns gave.</summary>
    public async Task<long> SumGranted() => (await Query("SELECT coalesce(sum(amount), 0)::bigint FROM entries WHERE kind = 3", row => row.GetInt64(0)))[0];

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private async Task<List<T>> Query<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var rows = await command.ExecuteReaderAsync();
        var result = new List<T>();
        while (await rows.ReadAsync()) result.Add(read(rows));
        return result;
    }
}
