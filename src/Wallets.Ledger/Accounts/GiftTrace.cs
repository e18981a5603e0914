namespace Wallets.Ledger.Accounts;

/// <summary>Finds which coins a gift took.</summary>
public static class GiftTrace
{
    private const int Page = 5_000;

    /// <summary>
    /// The uses of one gift, with what later refunds undid of them. Reads the wallet's other lines than gifts, what came in and what else
    /// took from it, the later ones too; how many gifts there are makes no difference.
    /// </summary>
    /// <param name="debit">The gift, as the ledger holds it.</param>
    public static async Task<LotTrace> TraceGift(this ILedger ledger, Entry debit)
    {
        var trace = LotTrace.OfGift(debit.TransferId);
        IReadOnlyList<Entry> page;
        do
        {
            page = await ledger.ReadBetweenGifts(debit.AccountId, trace.State.Seq, Page);
            foreach (var entry in page)
            {
                if (entry.Seq > debit.Seq && trace.State.Seq < debit.Seq) trace.ApplyAfterGifts(debit);
                trace.ApplyAfterGifts(entry);
            }
        }
        while (page.Count == Page);
        if (trace.State.Seq < debit.Seq) trace.ApplyAfterGifts(debit);
        return trace;
    }
}
