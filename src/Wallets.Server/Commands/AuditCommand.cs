using System.Diagnostics;
using Wallets.Ledger.Audit;
using Wallets.Server.Hosting;

namespace Wallets.Server.Commands;

/// <summary>Audits the ledger and prints the books. 0: every invariant holds; 1: the list says which does not.</summary>
internal static class AuditCommand
{
    private static readonly TimeSpan SettleWithin = TimeSpan.FromMinutes(1);

    public static async Task<int> Run(string[] args, CancellationToken stop)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Read(builder.Configuration, builder.Environment);
        if (settings.Database == Database.Sqlite && !File.Exists(settings.LedgerFile))
            throw new BadConfigurationException($"There is no ledger at {settings.LedgerFile}; set Wallets:DataDirectory.");

        var ledger = Engine.Create(settings, TimeProvider.System);
        await using var _ = (IAsyncDisposable)ledger;
        var watch = Stopwatch.StartNew();
        var report = await new LedgerAudit(ledger, TimeProvider.System).Run(SettleWithin, stop);

        Console.WriteLine($"{report.Entries} entries of {report.Accounts} accounts in {watch.Elapsed.TotalSeconds:0.0} s; {report.InFlight} gifts in flight");
        foreach (var line in report.TrialBalance) Console.WriteLine($"  {line.Asset,-12} {line.Account,-14} {line.Balance,20}");
        foreach (var violation in report.Violations) Console.WriteLine($"VIOLATION of invariant {violation.Invariant}: {violation.Evidence}");
        Console.WriteLine(report.Violations.Count == 0 ? "all invariants hold" : $"{report.Violations.Count} violations");
        return report.Violations.Count == 0 ? 0 : 1;
    }
}
