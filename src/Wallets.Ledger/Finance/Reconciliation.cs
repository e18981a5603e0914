namespace Wallets.Ledger.Finance;

/// <summary>One line of a settlement report.</summary>
/// <param name="Type"><c>payment</c>, <c>refund</c>, <c>reversal</c> or <c>payout</c>.</param>
public readonly record struct ReportLine(long Number, string Type, string Id, Money Amount);

/// <summary>
/// Compares a channel's settlement report with the ledger. The ledger's side of the channel is held in memory by payment, the report
/// is read as it comes; several lines of one payment count by their sum. What was recorded shortly before or after the month may be
/// in the report, and is missing from it only if it was recorded in the month. A payment goes by the channel's reference where the
/// ledger holds one beside the id.
/// </summary>
public sealed class Reconciliation
{
    public const string Payouts = "payouts";
    public static readonly IReadOnlyList<string> Channels = ["apple", "google", "web", "dev", Payouts];

    /// <summary>A report's month begins and ends when its sender says.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromDays(7);

    private readonly Dictionary<(string Type, string Id, string Currency), Held> _ledger = [];

    private sealed class Held
    {
        public long InLedger { get; set; }
        public long InReport { get; set; }
        public bool IsOfMonth { get; set; }
        public bool IsReported { get; set; }
    }

    private Reconciliation()
    {
    }

    /// <summary>How many payments, refunds or payouts of the ledger are in the report.</summary>
    public int Matched => _ledger.Values.Count(held => held.IsReported && held.InLedger == held.InReport);

    /// <param name="from">The month's beginning, or null for everything.</param>
    /// <param name="until">The first moment that is not in it.</param>
    public static async Task<Reconciliation> Open(ILedger ledger, string channel, DateTimeOffset? from, DateTimeOffset? until, CancellationToken cancellation)
    {
        if (!Channels.Contains(channel)) throw new ArgumentException($"There is no channel '{channel}'.", nameof(channel));
        await using var snapshot = await ledger.OpenSnapshot(cancellation);
        var isOfMonth = from is null ? "1" : $"CASE WHEN e.recorded_at >= {snapshot.Time(from.Value)} AND e.recorded_at < {snapshot.Time(until!.Value)} THEN 1 ELSE 0 END";
        var isNear = from is null ? "" : $"AND e.recorded_at >= {snapshot.Time(from.Value - Slack)} AND e.recorded_at < {snapshot.Time(until!.Value + Slack)}";
        var rows = await snapshot.Query(
            channel == Payouts
                ? $"""
                   SELECT 14, COALESCE(detail ->> 'reference', detail ->> 'payout'), COALESCE(detail -> 'paidOut' ->> 'currency', detail -> 'price' ->> 'currency'),
                          COALESCE(CAST(detail -> 'paidOut' ->> 'amountMinor' AS bigint), CAST(detail -> 'price' ->> 'amountMinor' AS bigint)), {isOfMonth}
                   FROM entries e WHERE kind = 14 AND detail -> 'price' ->> 'currency' IS NOT NULL {isNear}
                   """
                : $"""
                   SELECT e.kind, COALESCE(p.detail ->> 'reference', e.detail ->> 'payment'), e.detail -> 'price' ->> 'currency', CAST(e.detail -> 'price' ->> 'amountMinor' AS bigint), {isOfMonth}
                   FROM entries e LEFT JOIN entries p ON p.kind = 1 AND p.detail ->> 'payment' = e.detail ->> 'payment' AND p.detail ->> 'channel' = e.detail ->> 'channel' AND p.account_id = e.account_id
                   WHERE e.kind IN (1, 5, 6) AND e.detail ->> 'channel' = '{channel}' {isNear}
                   """,
            row => (Type: TypeOf(row.GetInt16(0)), Id: row.GetString(1), Amount: new Money(row.GetInt64(3), row.GetString(2)), IsOfMonth: row.GetInt32(4) == 1), cancellation);

        var reconciliation = new Reconciliation();
        foreach (var row in rows)
        {
            var key = (row.Type, row.Id, row.Amount.Currency);
            if (!reconciliation._ledger.TryGetValue(key, out var held)) reconciliation._ledger[key] = held = new();
            held.InLedger += row.Amount.AmountMinor;
            held.IsOfMonth |= row.IsOfMonth;
        }
        return reconciliation;
    }

    /// <summary>Counts a line of the report; what it says is wrong, or null if the ledger knows the payment.</summary>
    public string? Take(ReportLine line)
    {
        if (!_ledger.TryGetValue((line.Type, line.Id, line.Amount.Currency), out var held))
            return $"missing in the ledger: {line.Type} {line.Id} of {line.Amount.AmountMinor} {line.Amount.Currency} (line {line.Number})";
        held.InReport = checked(held.InReport + line.Amount.AmountMinor);
        held.IsReported = true;
        return null;
    }

    /// <summary>Once the whole report is taken: what it lacks, and amounts that differ.</summary>
    public IEnumerable<string> FindRest()
    {
        foreach (var ((type, id, currency), held) in _ledger)
        {
            if (!held.IsReported && held.IsOfMonth) yield return $"missing in the report: {type} {id} of {held.InLedger} {currency}";
            if (held.IsReported && held.InReport != held.InLedger) yield return $"amounts differ: {type} {id}: {held.InReport} {currency} in the report, {held.InLedger} in the ledger";
        }
    }

    private static string TypeOf(short kind) => (EntryKind)kind switch
    {
        EntryKind.Purchase => "payment",
        EntryKind.Refunded => "refund",
        EntryKind.RefundReversed => "reversal",
        _ => "payout",
    };
}
