using System.Globalization;

namespace Wallets.Server.Api;

/// <summary>Statements by month, streamed line by line, and receipts to the cent.</summary>
internal static class StatementEndpoints
{
    private const string Csv = "csv";
    private const string Json = "json";

    public static void MapStatements(this RouteGroupBuilder v1)
    {
        v1.MapGet("/wallets/{userId}/statement", (HttpContext http, StatementExport export, string userId, string? month, string? format) =>
                Write(http, export, Holder.Wallet, userId, month, format))
            .WithTags("Wallet").Refuses(403).WithSummary("A month's statement with every line, as format csv or json.");

        v1.MapGet("/creators/{creatorId}/statement", (HttpContext http, StatementExport export, string creatorId, string? month, string? format) =>
                Write(http, export, Holder.Earnings, creatorId, month, format))
            .WithTags("Creator").Refuses(403).WithSummary("A month's statement with every line, as format csv or json.");

        v1.MapGet("/admin/statement", async (HttpContext http, StatementExport export, string? month, string? format) =>
            {
                var (of, isCsv) = (ParseMonth(month), IsCsv(format));
                if (!http.Caller().Is(Roles.Operator)) throw new ForbiddenException("The platform's statement is for operators.");
                await export.WritePlatform(http, of, isCsv);
            })
            .WithTags("Admin").Refuses(403).WithSummary("Every account's lines of a month, account by account, as format csv or json.");

        v1.MapGet("/wallets/{userId}/gifts/{key}/receipt", (HttpContext http, IGrainFactory grains, string userId, string key) =>
                Grain(grains).GetSenderReceipt(http.Caller(), userId, WalletEndpoints.ParsePathKey(key)).Found())
            .WithTags("Wallet").Produces<MoneyReceipt>().Refuses(403, 404).WithSummary("Where a gift's money went, to the cent.");

        v1.MapGet("/creators/{creatorId}/gifts/{userId}/{key}/receipt", (HttpContext http, IGrainFactory grains, string creatorId, string userId, string key) =>
                Grain(grains).GetCreatorReceipt(http.Caller(), creatorId, userId, WalletEndpoints.ParsePathKey(key)).Found())
            .WithTags("Creator").Produces<MoneyReceipt>().Refuses(403, 404).WithSummary("Where the money of a gift that somebody sent went, to the cent.");
    }

    private static async Task<IResult> Write(HttpContext http, StatementExport export, Holder holder, string name, string? month, string? format)
    {
        var (of, isCsv) = (ParseMonth(month), IsCsv(format));
        var opened = await export.Open(http.Caller(), holder, name, of);
        if (!opened.IsOk) return Problems.Refuse(opened.Refusal!);
        await export.Write(http, opened.Value, isCsv);
        return Results.Empty;
    }

    private static StatementMonth ParseMonth(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) && month.Year is >= 2000 and < 9999
            ? new(month.Year, month.Month)
            : throw new BadInputException("invalid_month", "month must be a month of UTC, as 2026-11.");

    private static bool IsCsv(string? format) => format switch
    {
        null or Csv => true,
        Json => false,
        _ => throw new BadInputException("invalid_format", $"format must be {Csv} or {Json}."),
    };

    private static IStatementsGrain Grain(IGrainFactory grains) => grains.GetGrain<IStatementsGrain>(IStatementsGrain.Key);
}
