namespace Wallets.Ledger.Accounts;

/// <summary>Finds an account's lines by time. Its times never go back as its seqs go on, so a binary search of about twenty look-ups does.</summary>
public static class AccountTimes
{
    /// <summary>The last entry recorded before <paramref name="time"/>, or null if there is none.</summary>
    /// <param name="throughSeq">The account's last seq, or an earlier one to look up to.</param>
    public static async Task<Entry?> FindLastBefore(this ILedger ledger, long accountId, DateTimeOffset time, long throughSeq)
    {
        Entry? last = null;
        var (low, high) = (1L, throughSeq);
        while (low <= high)
        {
            var middle = low + (high - low) / 2;
            var entry = (await ledger.Read(accountId, middle - 1, 1))[0];
            if (entry.RecordedAt < time) (last, low) = (entry, middle + 1);
            else high = middle - 1;
        }
        return last;
    }
}
