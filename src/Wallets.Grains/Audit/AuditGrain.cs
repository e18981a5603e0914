using Microsoft.Extensions.Logging;
using Wallets.Ledger;
using Wallets.Ledger.Audit;

namespace Wallets.Grains.Audit;

/// <summary>Runs one audit at a time and keeps the latest report in memory; an audit that its silo dies with is started again by hand.</summary>
internal sealed partial class AuditGrain(ILedger ledger, TimeProvider time, ILogger<AuditGrain> logger) : Grain, IAuditGrain
{
    private static readonly TimeSpan SettleWithin = TimeSpan.FromMinutes(1);
    private static readonly Refusal OperatorsOnly = new(Refusal.Forbidden, "Audits are for operators.");

    private AuditView? _latest;

    public Task<Outcome<AuditView>> Start(Caller caller)
    {
        if (!caller.Is(Roles.Operator)) return Task.FromResult<Outcome<AuditView>>(OperatorsOnly);
        if (_latest is not { Status: AuditView.Running })
        {
            LogStarted(caller.Subject);
            _latest = new AuditView(AuditView.Running, time.GetUtcNow(), null, 0, 0, 0, [], []);
            RunToEnd(_latest).Ignore();   // it stores its own end, a failure included
        }
        return Task.FromResult<Outcome<AuditView>>(_latest);
    }

    public Task<Outcome<AuditView>> GetLatest(Caller caller)
    {
        if (!caller.Is(Roles.Operator)) return Task.FromResult<Outcome<AuditView>>(OperatorsOnly);
        return Task.FromResult<Outcome<AuditView>>(_latest is null ? new Refusal(Refusal.UnknownTransfer, "No audit has been run yet.") : _latest);
    }

    private async Task RunToEnd(AuditView started)
    {
        try
        {
            var report = await Task.Run(() => new LedgerAudit(ledger, time).Run(SettleWithin));
            _latest = started with
            {
                Status = report.Violations.Count == 0 ? AuditView.Clean : AuditView.Violated,
                FinishedAt = time.GetUtcNow(),
                Accounts = report.Accounts,
                Entries = report.Entries,
                InFlight = report.InFlight,
                Books = [.. report.TrialBalance.Select(line => new BookBalance(line.Asset, line.Account, line.Balance))],
                Violations = [.. report.Violations.Select(violation => $"Invariant {violation.Invariant}: {violation.Evidence}")],
            };
        }
        catch (Exception fault)
        {
            LogFailed(fault);
            _latest = started with { Status = AuditView.Failed, FinishedAt = time.GetUtcNow() };
        }
    }

    [LoggerMessage(LogLevel.Information, "Audit started by {Operator}")]
    private partial void LogStarted(string @operator);

    [LoggerMessage(LogLevel.Error, "The audit failed")]
    private partial void LogFailed(Exception fault);
}
