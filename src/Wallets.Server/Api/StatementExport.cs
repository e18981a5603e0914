using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Wallets.Server.Api;

/// <summary>
/// Writes statements as they are read: one page of lines in memory, however long the statement. A page that fails is asked for again;
/// if none comes, the connection is broken off, so that a cut export cannot be taken for a whole one.
/// </summary>
internal sealed class StatementExport(IGrainFactory grains, IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json)
{
    private static readonly ResiliencePipeline AskAgain = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<UnavailableException>().Handle<OrleansException>().Handle<TimeoutException>(),
            MaxRetryAttempts = 8,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = TimeSpan.FromSeconds(5),
        })
        .Build();

    private readonly JsonSerializerOptions _json = json.Value.SerializerOptions;

    public Task<Outcome<StatementFrame>> Open(Caller caller, Holder holder, string name, StatementMonth month) => Grain.Open(caller, holder, name, month);

    public Task Write(HttpContext http, StatementFrame frame, bool isCsv)
    {
        Begin(http, $"{frame.Name}-{frame.Month}", isCsv);
        var pages = ReadPages(http.Caller(), frame, http.RequestAborted);
        return isCsv ? WriteCsv(http, frame, pages) : WriteJson(http, frame, pages);
    }

    public async Task WritePlatform(HttpContext http, StatementMonth month, bool isCsv)
    {
        var pages = ReadPlatform(http.Caller(), month, http.RequestAborted);
        Begin(http, $"platform-{month}", isCsv);
        if (isCsv)
        {
            var csv = new StatementCsv(http.Response.BodyWriter);
            csv.WriteRow(["account", "holder", .. StatementCsv.Columns]);
            await foreach (var page in pages)
            {
                foreach (var line in page) csv.WriteLine(line.Line, line.Account, line.Holder);
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }
            return;
        }
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("month", $"{month}");
        await WriteLines(http, writer, pages);
        writer.WriteEndObject();
        await writer.FlushAsync(http.RequestAborted);
    }

    /// <summary>The first row says the opening balance, the last one the closing balance: a file without it is not whole.</summary>
    private static async Task WriteCsv(HttpContext http, StatementFrame frame, IAsyncEnumerable<StatementLine[]> pages)
    {
        var csv = new StatementCsv(http.Response.BodyWriter);
        csv.WriteRow(StatementCsv.Columns);
        csv.WriteBalance("opening_balance", frame.OpeningBalance, frame.Month.From);
        await foreach (var page in pages)
        {
            foreach (var line in page) csv.WriteLine(line);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        csv.WriteBalance("closing_balance", frame.ClosingBalance, frame.Month.Until);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private async Task WriteJson(HttpContext http, StatementFrame frame, IAsyncEnumerable<StatementLine[]> pages)
    {
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteString("account", frame.Name);
        writer.WriteString("holder", frame.Holder == Holder.Wallet ? "wallet" : "earnings");
        writer.WriteString("month", $"{frame.Month}");
        writer.WriteNumber("openingBalance", frame.OpeningBalance);
        await WriteLines(http, writer, pages);
        writer.WriteNumber("closingBalance", frame.ClosingBalance);
        writer.WriteEndObject();
        await writer.FlushAsync(http.RequestAborted);
    }

    private async Task WriteLines<T>(HttpContext http, Utf8JsonWriter writer, IAsyncEnumerable<T[]> pages)
    {
        writer.WriteStartArray("lines");
        await foreach (var page in pages)
        {
            foreach (var line in page) JsonSerializer.Serialize(writer, line, _json);
            await writer.FlushAsync(http.RequestAborted);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        writer.WriteEndArray();
    }

    private async IAsyncEnumerable<StatementLine[]> ReadPages(Caller caller, StatementFrame frame, [EnumeratorCancellation] CancellationToken gone)
    {
        var seq = frame.AfterSeq;
        while (seq < frame.ThroughSeq)
        {
            var lines = Taken(await AskAgain.ExecuteAsync(async _ => await Grain.Read(caller, frame, seq), gone));
            if (lines.Length == 0) throw new InvalidOperationException($"The statement of {frame.Name} ends at {seq}, before {frame.ThroughSeq}.");
            yield return lines;
            seq = lines[^1].Seq;
        }
    }

    private async IAsyncEnumerable<PlatformLine[]> ReadPlatform(Caller caller, StatementMonth month, [EnumeratorCancellation] CancellationToken gone)
    {
        PlatformCursor? after = default(PlatformCursor);
        while (after is { } cursor)
        {
            var page = Taken(await AskAgain.ExecuteAsync(async _ => await Grain.ReadPlatform(caller, month, cursor), gone));
            yield return page.Lines;
            after = page.Next;
        }
    }

    private IStatementsGrain Grain => grains.GetGrain<IStatementsGrain>(IStatementsGrain.Key);

    private static T Taken<T>(Outcome<T> outcome) where T : class => outcome.IsOk ? outcome.Value : throw new ForbiddenException(outcome.Refusal!.Detail);

    private static void Begin(HttpContext http, string name, bool isCsv)
    {
        http.Response.ContentType = isCsv ? "text/csv; charset=utf-8" : "application/json; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name.Replace(':', '_')}.{(isCsv ? "csv" : "json")}\"";
    }
}
