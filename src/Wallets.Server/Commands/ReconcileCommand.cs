using System.Globalization;
using Wallets.Ledger;
using Wallets.Ledger.Finance;
using Wallets.Server.Hosting;

namespace Wallets.Server.Commands;

/// <summary>Compares a settlement report with the ledger. 0: all match; 1: the list says what does not; 2: the report or the question cannot be read.</summary>
internal static class ReconcileCommand
{
    private const int BadInput = 2;

    public static async Task<int> Run(string[] args, string channel, string file, string? month, CancellationToken stop)
    {
        if (!Reconciliation.Channels.Contains(channel)) return Bad($"Set --channel to one of {string.Join(", ", Reconciliation.Channels)}.");
        var of = default(DateOnly);
        if (month is not null && !DateOnly.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out of)) return Bad("Set --month to a month of UTC, as 2026-11.");
        if (!File.Exists(file)) return Bad($"There is no file {file}.");

        DateTimeOffset? from = month is null ? null : new DateTimeOffset(of.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var ledger = Open(args);
        await using var _ = (IAsyncDisposable)ledger;
        var reconciliation = await Reconciliation.Open(ledger, channel, from, from?.AddMonths(1), stop);

        var (differences, faults) = (0, 0);
        using var report = new StreamReader(file);
        foreach (var (line, fault) in SettlementReport.Read(report))
        {
            stop.ThrowIfCancellationRequested();
            if (fault is not null)
            {
                faults++;
                await Console.Error.WriteLineAsync(fault);
            }
            else if (reconciliation.Take(line!.Value) is { } missing)
            {
                differences++;
                Console.WriteLine(missing);
            }
        }
        foreach (var difference in reconciliation.FindRest())
        {
            differences++;
            Console.WriteLine(difference);
        }
        Console.WriteLine($"{reconciliation.Matched} match, {differences} differ, {faults} lines could not be read");
        return faults > 0 ? BadInput : differences > 0 ? 1 : 0;
    }

    /// <summary>The ledger that the settings name, for a command that only reads it.</summary>
    public static ILedger Open(string[] args) => Open(args, out _);

    public static ILedger Open(string[] args, out Settings settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        settings = Settings.Read(builder.Configuration, builder.Environment);
        if (settings.Database == Database.Sqlite && !File.Exists(settings.LedgerFile))
            throw new BadConfigurationException($"There is no ledger at {settings.LedgerFile}; set Wallets:DataDirectory.");
        return Engine.Create(settings, TimeProvider.System);
    }

    private static int Bad(string problem)
    {
        Console.Error.WriteLine(problem);
        return BadInput;
    }
}
