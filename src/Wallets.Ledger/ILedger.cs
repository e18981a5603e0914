using Wallets.Ledger.Audit;

namespace Wallets.Ledger;

/// <summary>
/// An engine that stores entries: PostgreSQL or SQLite. Append-only; (account, seq) and the transfer keys are unique, and the
/// database enforces it. Writing goes through <see cref="LedgerWriter"/>; reading is direct.
/// </summary>
public interface ILedger : IWorklist, IRateCards, IActs
{
    /// <summary>How many batches may be committed side by side.</summary>
    int Writers { get; }

    /// <summary>The account of that name, made if it is not there yet.</summary>
    Task<long> OpenAccount(AccountKind kind, string name);

    /// <summary>The account of that name, or null.</summary>
    Task<long?> FindAccount(AccountKind kind, string name);

    /// <summary>
    /// The account of that name with its first entries after <paramref name="afterSeq"/>, in order, at most <see cref="AccountTail.Longest"/>; or null.
    /// For activations, of which thousands come at once when a silo has died: they are read together.
    /// </summary>
    Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq);

    /// <summary>The names of accounts; ids that do not exist are left out.</summary>
    Task<IReadOnlyDictionary<long, string>> NameAccounts(IReadOnlyCollection<long> accountIds);

    /// <summary>
    /// Commits all entries of a batch or none, stamped with the time of one clock.
    /// Throws <see cref="LedgerFaultException"/> on anything but success and conflict.
    /// </summary>
    Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation);

    /// <summary>Why a batch conflicted: for each append, whether it is committed already, fenced, a duplicate or free to go.</summary>
    Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation);

    /// <summary>An account's entries after <paramref name="afterSeq"/> in order, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit);

    /// <summary>
    /// An account's entries other than gifts and their credits, after <paramref name="afterSeq"/> in order, at most <paramref name="limit"/>. However
    /// many gifts lie between them, only these are read.
    /// </summary>
    Task<IReadOnlyList<Entry>> ReadBetweenGifts(long accountId, long afterSeq, int limit);

    /// <summary>Entries of all accounts, account by account in order, after that one, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<Entry>> ReadAll(long afterAccountId, long afterSeq, int limit);

    /// <summary>The seq of the account's last entry, 0 for none.</summary>
    Task<long> LastSeq(long accountId);

    /// <summary>The entry that the account itself originated with this key, or null.</summary>
    Task<Entry?> FindTransfer(long accountId, Guid transferId);

    /// <summary>The purchase recorded for a payment in this account, or null.</summary>
    Task<Entry?> FindPayment(long accountId, string channel, string payment);

    /// <summary>Those of <paramref name="credits"/> that the account holds already.</summary>
    Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits);

    /// <summary>Those of the transfers that the account itself originated or that are the other side of a refunded gift.</summary>
    Task<IReadOnlyList<Entry>> FindTransfers(long accountId, IReadOnlyCollection<Guid> transferIds);

    /// <summary>The account's entries of those of <paramref name="credits"/> that it holds.</summary>
    Task<IReadOnlyList<Entry>> ReadCredits(long accountId, IReadOnlyCollection<CreditId> credits);

    /// <summary>
    /// The gifts credited to an account, each with its debit's facts, in order, in <c>(afterSeq, throughSeq]</c>, at most <paramref name="limit"/>.
    /// </summary>
    Task<IReadOnlyList<ReceivedGift>> ReadReceived(long accountId, long afterSeq, long throughSeq, int limit);

    /// <summary>
    /// What the creator's entries in <c>(afterSeq, throughSeq]</c> mean for one stream, by sender: gifts credited, less what refunds took
    /// back of them. May take long if there are many.
    /// </summary>
    Task<IReadOnlyList<StreamShare>> SumStream(long accountId, Guid streamId, long afterSeq, long throughSeq);

    /// <summary>What has been charged to a wallet for a streak, or null if nothing has.</summary>
    Task<ChargedStreak?> FindStreak(long accountId, Guid streakId);

    /// <summary>The reservations of an account's payouts after <paramref name="afterSeq"/> in order, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<Entry>> ReadPayouts(long accountId, long afterSeq, int limit);

    /// <summary>
    /// The time by the ledger's clock; an entry with an earlier time may still appear for as long as a commit may take. Answers if the
    /// database does, for readiness.
    /// </summary>
    Task<DateTimeOffset> ReadClock(CancellationToken cancellation);

    /// <summary>The whole ledger as of now, for an audit.</summary>
    Task<IAuditSnapshot> OpenSnapshot(CancellationToken cancellation);

    /// <summary>Does <paramref name="work"/> on the derived tables in one transaction, which is committed unless it throws.</summary>
    Task<T> Derive<T>(Func<IDerivation, Task<T>> work, CancellationToken cancellation);
}

/// <summary>An account, and its entries that follow a seq, in order.</summary>
public sealed record AccountTail(long AccountId, IReadOnlyList<Entry> Entries)
{
    /// <summary>Entries; if there are as many, there may be more. A tail is seldom as long: snapshots are 384 entries apart.</summary>
    public const int Longest = 400;
}

/// <summary>The published rate cards, which the audit judges every gift by.</summary>
public interface IRateCards
{
    /// <summary>Every published rate card, oldest first.</summary>
    Task<IReadOnlyList<RateCard>> ReadRateCards();

    /// <summary>Publishes a version once; false if that version is published already.</summary>
    Task<bool> PublishRateCard(RateCard card);
}

/// <summary>The record of operators' acts.</summary>
public interface IActs
{
    /// <summary>Writes one step of an act, stamped with the ledger's time; false if that step, or one that excludes it, is there already. The seq given is ignored.</summary>
    Task<bool> RecordAct(ActStep step);

    /// <summary>The steps of one act, in order.</summary>
    Task<IReadOnlyList<ActStep>> ReadAct(Guid key);

    /// <summary>Steps of all acts after <paramref name="afterSeq"/>, in order, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<ActStep>> ReadActs(long afterSeq, int limit);
}

/// <summary>The entries of one account that one flush must commit together; consecutive by seq.</summary>
public sealed record Append(long AccountId, IReadOnlyList<Entry> Entries);

/// <summary>Committed at <see cref="RecordedAt"/>, or null for a conflict, in which case nothing was written.</summary>
public readonly record struct CommitResult(DateTimeOffset? RecordedAt)
{
    public static CommitResult Conflict => default;
}

/// <summary>What the ledger says of an append that may conflict.</summary>
public readonly record struct Verdict(AppendStatus? Status, DateTimeOffset RecordedAt)
{
    /// <summary>Nothing stands in its way.</summary>
    public static Verdict Free => default;
}

/// <summary>The identity of a credit within the account that receives it.</summary>
public readonly record struct CreditId(long Origin, Guid TransferId);

/// <summary>A credited gift: the receiving account's seq, and the debit it came from with its sender's name.</summary>
public sealed record ReceivedGift(long Seq, string UserId, Entry Debit);

/// <summary>One sender's part in a stream, or in a piece of it; negative where refunds took back more than came.</summary>
/// <param name="Gifts">Pieces sent; a refund does not take them back.</param>
public sealed record StreamShare(string UserId, long Gifts, long Coins, long Diamonds);

/// <param name="Last">The last charge; its detail says the streak's total.</param>
/// <param name="Coins">Of all its charges.</param>
public sealed record ChargedStreak(Entry Last, long Coins);

/// <summary>The database failed. <see cref="MayHaveCommitted"/> says whether the commit had been asked for by then.</summary>
public sealed class LedgerFaultException(bool mayHaveCommitted, Exception cause) : Exception(cause.Message, cause)
{
    public bool MayHaveCommitted { get; } = mayHaveCommitted;
}
