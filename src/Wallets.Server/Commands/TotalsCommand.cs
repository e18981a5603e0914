using System.Globalization;
using System.Text.Json;
using Wallets.Ledger.Finance;
using Wallets.Server.Api;

namespace Wallets.Server.Commands;

/// <summary>Prints finance's totals of each day, one JSON object a line. 2: the days cannot be read.</summary>
internal static class TotalsCommand
{
    private const int BadInput = 2;

    public static async Task<int> Run(string[] args, string from, string to, CancellationToken stop)
    {
        if (!TryParse(from, out var first) || !TryParse(to, out var last) || last < first || last.DayNumber - first.DayNumber >= IFinanceGrain.MostDays)
        {
            await Console.Error.WriteLineAsync($"Set --from and --to to days, as 2026-11-30, {IFinanceGrain.MostDays} of them at most.");
            return BadInput;
        }
        var ledger = ReconcileCommand.Open(args, out var settings);
        await using var _ = (IAsyncDisposable)ledger;
        foreach (var day in await new DailyTotals(ledger, settings.Hold).Run(first, last, stop)) Console.WriteLine(JsonSerializer.Serialize(day, ApiJson.Default.DayTotals));
        return 0;
    }

    private static bool TryParse(string text, out DateOnly day) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day);
}
