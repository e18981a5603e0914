namespace Wallets.Ledger;

/// <summary>What is left to do, found among the entries of all accounts: whoever dies, another finds it.</summary>
public interface IWorklist
{
    /// <summary>
    /// Gift debits recorded in [<paramref name="since"/>, <paramref name="before"/>) that have no credit, oldest first, at most <paramref name="limit"/>,
    /// and the time before which no further debit can appear. May take long if <paramref name="since"/> is long ago.
    /// </summary>
    /// <param name="since">Nothing older is looked at.</param>
    /// <param name="before">Nothing from here on is looked at.</param>
    /// <param name="grace">Nothing that is not this much older than the horizon is looked at either: its credit may be on its way.</param>
    /// <param name="limit">Gifts that are returned at most.</param>
    /// <param name="except">Creators whose gifts are left out.</param>
    /// <param name="only">The creators whose gifts are looked for, or null for all.</param>
    Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only = null);

    /// <summary>
    /// Refunded and restored gifts recorded at or after <paramref name="since"/> whose other side is missing, oldest first and, of one
    /// wallet, in its order.
    /// </summary>
    Task<IReadOnlyList<UnsettledGift>> FindUnsettledCorrections(DateTimeOffset since, int limit);

    /// <summary>Users whose wallets got bonus coins that expire after <paramref name="after"/> and not after <paramref name="through"/>.</summary>
    Task<IReadOnlyList<string>> FindExpiring(DateTimeOffset after, DateTimeOffset through);

    /// <summary>Payouts reserved at or after <paramref name="since"/> that have not ended, oldest first, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<OpenPayout>> FindOpenPayouts(DateTimeOffset since, int limit);

    /// <summary>
    /// Payouts that ended as <paramref name="end"/>, <see cref="EntryKind.PayoutPaid"/> or <see cref="EntryKind.PayoutReturned"/>, before a place in the order
    /// of their ends, the latest first, at most <paramref name="limit"/>.
    /// </summary>
    Task<IReadOnlyList<EndedPayout>> FindEndedPayouts(EntryKind end, EntryPlace before, int limit);
}

/// <summary>A wallet's entry without its other side, with the names that delivery needs.</summary>
public sealed record UnsettledGift(Entry Debit, string UserId, string CreatorId);

/// <param name="Gifts">Debits without credit.</param>
/// <param name="Horizon">Every debit recorded before this time was visible to the scan; later scans may start here if nothing older is unsettled.</param>
public sealed record UnsettledScan(IReadOnlyList<UnsettledGift> Gifts, DateTimeOffset Horizon);

/// <summary>A payout whose diamonds are reserved and that has not ended.</summary>
public sealed record OpenPayout(string CreatorId, Guid Key, DateTimeOffset ReservedAt);

/// <summary>A payout that has ended, and where its end stands.</summary>
public sealed record EndedPayout(string CreatorId, Guid Key, EntryPlace End);

/// <summary>A place in the order of all entries by time, which no two entries share.</summary>
public readonly record struct EntryPlace(DateTimeOffset RecordedAt, long AccountId, long Seq)
{
    /// <summary>After every entry.</summary>
    public static EntryPlace Last => new(DateTimeOffset.MaxValue, long.MaxValue, long.MaxValue);
}
