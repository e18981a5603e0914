using System.Globalization;

namespace Wallets.Server.Api;

/// <summary>Daily totals for finance.</summary>
internal static class FinanceEndpoints
{
    public static void MapFinance(this RouteGroupBuilder v1) => v1.MapGet("/admin/totals", async (HttpContext http, IGrainFactory grains, string? from, string? to) =>
        {
            var totals = await grains.GetGrain<IFinanceGrain>(IFinanceGrain.Key).GetTotals(http.Caller(), ParseDay("from", from), ParseDay("to", to));
            return totals.IsOk ? (IResult)Requests.Page(totals.Value) : Problems.Refuse(totals.Refusal!);
        })
        .WithTags("Admin").Produces<Page<DayTotals>>().Refuses(403, 422).WithSummary("What moved on each day, and what was owed at its end.");

    private static DateOnly ParseDay(string name, string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 2000 and < 9999
            ? day
            : throw new BadInputException("invalid_day", $"{name} must be a day, as 2026-11-30.");
}
