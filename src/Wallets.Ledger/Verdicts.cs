namespace Wallets.Ledger;

/// <summary>
/// Turns the rows that stand in an append's way into a verdict; the same for every engine.
/// The seqs come first: if the very entries are there, an earlier attempt committed them; if others are, the writer is stale.
/// Only then the keys: a transfer that the account holds at another seq is a duplicate.
/// </summary>
internal static class Verdicts
{
    /// <param name="batch">The appends that conflicted.</param>
    /// <param name="standing">Every stored entry that has the (account, seq) or a transfer key of one of theirs.</param>
    public static IReadOnlyList<Verdict> Of(IReadOnlyList<Append> batch, IEnumerable<Entry> standing)
    {
        var byAccount = standing.ToLookup(entry => entry.AccountId);
        return [.. batch.Select(append => Of(append, byAccount[append.AccountId].ToList()))];
    }

    private static Verdict Of(Append append, List<Entry> standing)
    {
        if (standing.Count == 0) return Verdict.Free;

        var bySeq = standing.DistinctBy(entry => entry.Seq).ToDictionary(entry => entry.Seq);
        if (append.Entries.All(entry => bySeq.TryGetValue(entry.Seq, out var stored) && stored.SaysTheSameAs(entry)))
            return new(AppendStatus.Committed, bySeq[append.Entries[0].Seq].RecordedAt);
        if (append.Entries.Any(entry => bySeq.ContainsKey(entry.Seq)))
            return new(AppendStatus.Fenced, default);
        if (append.Entries.Any(entry => standing.Exists(stored => IsSameTransfer(stored, entry))))
            return new(AppendStatus.Duplicate, default);
        return Verdict.Free;
    }

    private static bool IsSameTransfer(Entry stored, Entry entry) =>
        (stored.TransferId == entry.TransferId && OriginOf(stored) == OriginOf(entry))
        || (entry.Detail?.Payment is { } payment && stored.Detail?.Payment == payment && stored.Detail.Channel == entry.Detail.Channel);

    private static long OriginOf(Entry entry) => entry.Kind == EntryKind.GiftReceived ? entry.Counterparty : entry.AccountId;
}
