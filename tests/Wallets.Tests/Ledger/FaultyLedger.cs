using Wallets.Ledger;
using Wallets.Ledger.Audit;

namespace Wallets.Tests.Ledger;

/// <summary>A real ledger whose commits can be made to fail where a network would: before they are sent, or on their way back.</summary>
internal sealed class FaultyLedger(ILedger inner) : ILedger
{
    public enum Fault { None, BeforeCommit, AfterCommit }

    private int _commits;

    /// <summary>Asked before each commit, with its number from 1.</summary>
    public Func<int, Fault> Plan { get; set; } = _ => Fault.None;

    /// <summary>An account whose commits fail, 0 for none.</summary>
    public long FailsFor { get; set; }

    /// <summary>Awaited before each commit.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int Commits => _commits;

    public async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var fault = Plan(Interlocked.Increment(ref _commits));
        await Gate;
        if (fault == Fault.BeforeCommit || (FailsFor != 0 && batch.Any(append => append.AccountId == FailsFor))) throw new LedgerFaultException(mayHaveCommitted: false, new IOException("planned: before the commit"));
        var result = await inner.Commit(batch, cancellation);
        return fault == Fault.AfterCommit ? throw new LedgerFaultException(mayHaveCommitted: true, new IOException("planned: after the commit")) : result;
    }

    public int Writers => inner.Writers;
    public Task<long> OpenAccount(AccountKind kind, string name) => inner.OpenAccount(kind, name);
    public Task<long?> FindAccount(AccountKind kind, string name) => inner.FindAccount(kind, name);
    public Task<IReadOnlyDictionary<long, string>> NameAccounts(IReadOnlyCollection<long> accountIds) => inner.NameAccounts(accountIds);
    public Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation) => inner.Judge(batch, cancellation);
    public Task<IReadOnlyList<Entry>> Read(long accountId, long afterSeq, int limit) => inner.Read(accountId, afterSeq, limit);
    public Task<long> LastSeq(long accountId) => inner.LastSeq(accountId);
    public Task<Entry?> FindTransfer(long accountId, Guid transferId) => inner.FindTransfer(accountId, transferId);
    public Task<Entry?> FindPayment(long accountId, string channel, string payment) => inner.FindPayment(accountId, channel, payment);
    public Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits) => inner.FindCredits(accountId, credits);
    public Task<IReadOnlyList<ReceivedGift>> ReadReceived(long accountId, long afterSeq, long throughSeq, int limit) => inner.ReadReceived(accountId, afterSeq, throughSeq, limit);
    public Task<UnsettledScan> FindUnsettled(DateTimeOffset since, int limit, IReadOnlyCollection<string> except, string? only) => inner.FindUnsettled(since, limit, except, only);
    public Task<IReadOnlyList<RateCard>> ReadRateCards() => inner.ReadRateCards();
    public Task<bool> PublishRateCard(RateCard card) => inner.PublishRateCard(card);
    public Task<IAuditSnapshot> OpenSnapshot(CancellationToken cancellation) => inner.OpenSnapshot(cancellation);
    public Task Ping(CancellationToken cancellation) => inner.Ping(cancellation);
}
