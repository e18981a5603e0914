using Wallets.Ledger;

namespace Wallets.Tests.Ledger;

/// <summary>A real ledger whose commits can be made to fail where a network would: before they are sent, or on their way back.</summary>
internal sealed class FaultyLedger(ILedger inner) : WrappedLedger(inner)
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

    public override async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
    {
        var fault = Plan(Interlocked.Increment(ref _commits));
        await Gate;
        if (fault == Fault.BeforeCommit || (FailsFor != 0 && batch.Any(append => append.AccountId == FailsFor))) throw new LedgerFaultException(mayHaveCommitted: false, new IOException("planned: before the commit"));
        var result = await base.Commit(batch, cancellation);
        return fault == Fault.AfterCommit ? throw new LedgerFaultException(mayHaveCommitted: true, new IOException("planned: after the commit")) : result;
    }
}
