using Wallets.Ledger;
using Wallets.Tests.Ledger;

namespace Wallets.ChaosTests.Node;

/// <summary>The ledger with a point before and after each commit, by what it commits, and with the planted bugs that are its own.</summary>
internal sealed class ChaosLedger(ILedger inner, Control control) : WrappedLedger(inner), IAsyncDisposable
{
    private static readonly TimeSpan CommitLag = TimeSpan.FromMilliseconds(300);

    private readonly ILedger _inner = inner;

    public override async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var kinds = batch.SelectMany(append => append.Entries).Select(entry => entry.Kind).ToHashSet();
        PassAll("before", kinds);
        var result = control.Bug switch
        {
            Bug.AcknowledgeBeforeCommit => CommitLater(batch),
            Bug.BrokenSessionGoesOn => await CommitOrPretend(batch, cancellation),
            Bug.SkipFence => await base.Commit([.. batch.Select(StaleNowAndThen)], cancellation),
            _ => await base.Commit(batch, cancellation),
        };
        if (result.RecordedAt is not null) PassAll("after", kinds);
        return result;
    }

    /// <summary>The fence is in the database and in the verdict on what conflicts; without it, an append whose seq is taken may go on.</summary>
    public override async Task<IReadOnlyList<Verdict>> Judge(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var verdicts = await base.Judge(batch, cancellation);
        return control.Bug == Bug.SkipFence ? [.. verdicts.Select(verdict => verdict.Status == AppendStatus.Fenced ? Verdict.Free : verdict)] : verdicts;
    }

    public override async Task<IReadOnlySet<CreditId>> FindCredits(long accountId, IReadOnlyCollection<CreditId> credits) =>
        control.Bug == Bug.SkipCreditDedup ? new HashSet<CreditId>() : await base.FindCredits(accountId, credits);

    public override async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, TimeSpan grace, int limit, IReadOnlyCollection<string> except, string? only)
    {
        var scan = await base.FindUnsettled(since, grace, limit, except, only);
        return control.Bug == Bug.LoseRelayBatch ? scan with { Gifts = [] } : scan;
    }

    private void PassAll(string when, HashSet<EntryKind> kinds)
    {
        if (kinds.Contains(EntryKind.Purchase)) control.Pass($"{when}-purchase");
        if (kinds.Contains(EntryKind.GiftSent)) control.Pass($"{when}-debit");
        if (kinds.Contains(EntryKind.GiftReceived)) control.Pass($"{when}-credit");
        if (kinds.Contains(EntryKind.PayoutReserved)) control.Pass($"{when}-payout");
        if (kinds.Contains(EntryKind.PayoutPaid)) control.Pass($"{when}-payout-paid");
        if (kinds.Contains(EntryKind.Refunded)) control.Pass($"{when}-refund");
        if (kinds.Contains(EntryKind.ClawedBack)) control.Pass($"{when}-clawback");
    }

    /// <summary>Now and then a gift as a writer appends it who has not seen the account's last entry; only the fence keeps it out.</summary>
    private static Append StaleNowAndThen(Append append) =>
        append.Entries is [{ Kind: EntryKind.GiftSent, Seq: > 1 } gift] && Random.Shared.Next(300) == 0 ? append with { Entries = [gift with { Seq = gift.Seq - 1 }] } : append;

    private CommitResult CommitLater(IReadOnlyList<Append> batch)
    {
        _ = Task.Delay(CommitLag).ContinueWith(_ => base.Commit(batch, CancellationToken.None), TaskScheduler.Default);   // lost with the process: that is the bug
        return new(TimeProvider.System.GetUtcNow());
    }

    private async Task<CommitResult> CommitOrPretend(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        try
        {
            return await base.Commit(batch, cancellation);
        }
        catch (LedgerFaultException)
        {
            return new(TimeProvider.System.GetUtcNow());
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_inner is IAsyncDisposable disposable) await disposable.DisposeAsync();
    }
}
