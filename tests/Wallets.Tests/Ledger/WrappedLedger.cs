using Wallets.Ledger;
using Wallets.Ledger.Audit;

namespace Wallets.Tests.Ledger;

/// <summary>A real ledger, for tests that let a part of it misbehave.</summary>
internal abstract class WrappedLedger(ILedger inner) : ILedger
{
    public virtual int Writers => inner.Writers;
    public virtual Task<long> OpenAccount(AccountKind kind, string name) => inner.OpenAccount(kind, name);
    public virtual Task<long?> FindAccount(AccountKind kind, string name) => inner.FindAccount(kind, name);
    public virtual Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq) => inner.FindTail(kind, name, afterSeq);
    public virtual Task<IReadOnlyDictionary<long, string>> NameAccounts(IReadOnlyCollection<long> accountIds) => inner.NameAccounts(accountIds);
    public virtual Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation) => inner.Commit(batch, cancellation);
    public virtual Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation) => inner.Judge(batch, cancellation);
    public virtual Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit) => inner.Read(accountId, afterSeq, limit);
    public virtual Task<IReadOnlyList<Entry>> ReadBetweenGifts(long accountId, long afterSeq, int limit) => inner.ReadBetweenGifts(accountId, afterSeq, limit);
    public virtual Task<IReadOnlyList<Entry>> ReadAll(long afterAccountId, long afterSeq, int limit) => inner.ReadAll(afterAccountId, afterSeq, limit);
    public virtual Task<long> LastSeq(long accountId) => inner.LastSeq(accountId);
    public virtual Task<Entry?> FindTransfer(long accountId, Guid transferId) => inner.FindTransfer(accountId, transferId);
    public virtual Task<Entry?> FindPayment(long accountId, string channel, string payment) => inner.FindPayment(accountId, channel, payment);
    public virtual Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits) => inner.FindCredits(accountId, credits);
    public virtual Task<IReadOnlyList<Entry>> FindTransfers(long accountId, IReadOnlyCollection<Guid> transferIds) => inner.FindTransfers(accountId, transferIds);
    public virtual Task<IReadOnlyList<Entry>> ReadCredits(long accountId, IReadOnlyCollection<CreditId> credits) => inner.ReadCredits(accountId, credits);
    public virtual Task<IReadOnlyList<UnsettledGift>> FindUnsettledCorrections(DateTimeOffset since, int limit) => inner.FindUnsettledCorrections(since, limit);
    public virtual Task<IReadOnlyList<string>> FindExpiring(DateTimeOffset after, DateTimeOffset through) => inner.FindExpiring(after, through);
    public virtual Task<IReadOnlyList<ReceivedGift>> ReadReceived(long accountId, long afterSeq, long throughSeq, int limit) => inner.ReadReceived(accountId, afterSeq, throughSeq, limit);
    public virtual Task<IReadOnlyList<StreamShare>> SumStream(long accountId, Guid streamId, long afterSeq, long throughSeq) => inner.SumStream(accountId, streamId, afterSeq, throughSeq);
    public virtual Task<ChargedStreak?> FindStreak(long accountId, Guid streakId) => inner.FindStreak(accountId, streakId);
    public virtual Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only) => inner.FindUnsettled(since, before, grace, limit, except, only);
    public virtual Task<IReadOnlyList<OpenPayout>> FindOpenPayouts(DateTimeOffset since, int limit) => inner.FindOpenPayouts(since, limit);
    public virtual Task<IReadOnlyList<EndedPayout>> FindEndedPayouts(EntryKind end, EntryPlace before, int limit) => inner.FindEndedPayouts(end, before, limit);
    public virtual Task<IReadOnlyList<Entry>> ReadPayouts(long accountId, long afterSeq, int limit) => inner.ReadPayouts(accountId, afterSeq, limit);
    public virtual Task<IReadOnlyList<RateCard>> ReadRateCards() => inner.ReadRateCards();
    public virtual Task<bool> PublishRateCard(RateCard card) => inner.PublishRateCard(card);
    public virtual Task<bool> RecordAct(ActStep step) => inner.RecordAct(step);
    public virtual Task<IReadOnlyList<ActStep>> ReadAct(Guid key) => inner.ReadAct(key);
    public virtual Task<IReadOnlyList<ActStep>> ReadActs(long afterSeq, int limit) => inner.ReadActs(afterSeq, limit);
    public virtual Task<IAuditSnapshot> OpenSnapshot(CancellationToken cancellation) => inner.OpenSnapshot(cancellation);
    public virtual Task<T> Derive<T>(Func<IDerivation, Task<T>> work, CancellationToken cancellation) => inner.Derive(work, cancellation);
    public virtual Task<DateTimeOffset> ReadClock(CancellationToken cancellation) => inner.ReadClock(cancellation);
}
