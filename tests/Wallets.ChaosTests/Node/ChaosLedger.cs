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
        var lines = batch.SelectMany(LinesOf).ToHashSet();
        foreach (var line in lines) control.Pass($"before-{line}");
        var result = control.Bug switch
        {
            Bug.AcknowledgeBeforeCommit => CommitLater(batch),
            Bug.BrokenSessionGoesOn => await CommitOrPretend(batch, cancellation),
            Bug.SkipFence => await base.Commit([.. batch.Select(StaleNowAndThen)], cancellation),
            _ => await base.Commit(batch, cancellation),
        };
        if (result.RecordedAt is null) return result;
        foreach (var line in lines) control.Pass($"after-{line}");
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

    public override async Task<UnsettledScan> FindUnsettled(DateTimeOffset since, DateTimeOffset before, TimeSpan grace, int limit, IReadOnlyCollection<string> except, IReadOnlyCollection<string>? only)
    {
        var scan = await base.FindUnsettled(since, before, grace, limit, except, only);
        return control.Bug == Bug.LoseRelayBatch ? scan with { Gifts = [] } : scan;
    }

    /// <summary>A change of standing counts where it is an act of its own.</summary>
    private static IEnumerable<string> LinesOf(Append append) => append.Entries[0].Kind == EntryKind.StandingChanged
        ? ["standing"]
        : append.Entries.Select(entry => entry.Kind).Distinct().Select(LineOf).OfType<string>();

    private static string? LineOf(EntryKind kind) => kind switch
    {
        EntryKind.Purchase => "purchase",
        EntryKind.GiftSent => "debit",
        EntryKind.GiftReceived => "credit",
        EntryKind.PayoutReserved => "payout",
        EntryKind.PayoutPaid => "payout-paid",
        EntryKind.PayoutReturned => "payout-returned",
        EntryKind.Refunded => "refund",
        EntryKind.ClawedBack => "clawback",
        EntryKind.RefundReversed => "refund-reversed",
        EntryKind.ClawbackReversed => "clawback-reversed",
        EntryKind.BonusGranted => "grant",
        EntryKind.Expired => "expiry",
        EntryKind.Adjusted or EntryKind.EarningsAdjusted => "adjustment",
        _ => null,
    };

    /// <summary>Now and then a gift as a writer appends it who has not seen the account's last entry; only the fence keeps it out.</summary>
    private static Append StaleNowAndThen(Append append) =>
        append.Entries is [{ Kind: EntryKind.GiftSent, Seq: > 1 } gift] && Random.Shared.Next(30) == 0 ? append with { Entries = [gift with { Seq = gift.Seq - 1 }] } : append;

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
