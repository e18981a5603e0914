using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Polly;
using Polly.Retry;
using Wallets.Grains.Payouts;
using Wallets.Server.Hosting;

namespace Wallets.Server.Payouts;

/// <summary>What a payout is to the provider: <c>POST payouts</c> takes an order, <c>GET payouts/{key}</c> and the POST itself answer with its state.</summary>
internal sealed record PayoutOrder(string Currency, long AmountMinor, PayoutOrderRecipient[] Recipients);

internal sealed record PayoutOrderRecipient(string Account, long AmountMinor);

/// <param name="IdempotencyKey">The order's, so that an answer cannot be taken for another's.</param>
/// <param name="Status"><c>pending</c>, <c>paid</c> or <c>failed</c>.</param>
internal sealed record PayoutReport(
    string? Id, string? IdempotencyKey, string? Status, string? Currency, long? AmountMinor, long? FeeMinor, long? PaidOutMinor, string? Code, string? Reason)
{
    /// <summary>The code with which the provider says that it has no such payout; any other 404 is some proxy's.</summary>
    public const string NotFoundCode = "payout_not_found";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(PayoutOrder))]
[JsonSerializable(typeof(PayoutReport))]
internal sealed partial class ProviderJson : JsonSerializerContext;

/// <summary>The provider said something that makes no sense, which is no answer.</summary>
internal sealed class SenselessAnswerException(string what) : Exception($"its answer makes no sense: {what}");

/// <summary>
/// A provider that is spoken to over HTTP. A look-up is repeated at once if the network failed it; an order never is, because only the
/// payout knows when it may be given again. An answer counts only if every part of it makes sense.
/// </summary>
internal sealed class HttpPayoutProvider(HttpClient http) : IPayoutProvider
{
    private const int MaxReferenceLength = 200;
    private const int MaxAnswerBytes = 64 * 1024;

    private static readonly ResiliencePipeline LookUps = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>(),
            MaxRetryAttempts = 2,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
        })
        .Build();

    public static void AddTo(IServiceCollection services, PayoutProviderSettings settings) => services
        .AddHttpClient<IPayoutProvider, HttpPayoutProvider>(http =>
        {
            http.BaseAddress = new Uri(settings.Url!.TrimEnd('/') + "/");
            http.Timeout = settings.Timeout;
            http.MaxResponseContentBufferSize = MaxAnswerBytes;
            if (settings.ApiKey is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", settings.ApiKey);
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false })
        .SetHandlerLifetime(Timeout.InfiniteTimeSpan)   // the handler renews its connections by itself, and grains keep their client
        .RemoveAllLoggers();

    public async Task<PayoutAnswer> Submit(PayoutInstruction instruction, CancellationToken cancellation)
    {
        var amount = instruction.Recipients.Sum(recipient => recipient.AmountMinor);
        var order = new PayoutOrder(instruction.Currency, amount, [.. instruction.Recipients.Select(recipient => new PayoutOrderRecipient(recipient.Account, recipient.AmountMinor))]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "payouts") { Content = JsonContent.Create(order, ProviderJson.Default.PayoutOrder) };
        request.Headers.Add("Idempotency-Key", instruction.IdempotencyKey);
        using var response = await http.SendAsync(request, cancellation);
        var report = await Read(response, instruction.IdempotencyKey, cancellation);
        return report.Currency == instruction.Currency && report.AmountMinor == amount
            ? Meaning(report)
            : throw new SenselessAnswerException($"it is about {report.AmountMinor} {report.Currency} instead of {amount} {instruction.Currency}.");
    }

    public async Task<PayoutAnswer> Find(string idempotencyKey, CancellationToken cancellation) => await LookUps.ExecuteAsync(async stop =>
    {
        using var response = await http.GetAsync($"payouts/{Uri.EscapeDataString(idempotencyKey)}", stop);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return (await Parse(response, stop)).Code == PayoutReport.NotFoundCode ? new PayoutAnswer.NotFound() : throw new SenselessAnswerException("404 without its code.");
        return Meaning(await Read(response, idempotencyKey, stop));
    }, cancellation);

    private static async Task<PayoutReport> Read(HttpResponseMessage response, string idempotencyKey, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"status {(int)response.StatusCode}");   // refuses the request, and says nothing of the payout
        var report = await Parse(response, cancellation);
        return report.IdempotencyKey == idempotencyKey ? report : throw new SenselessAnswerException("it is about another payout.");
    }

    private static async Task<PayoutReport> Parse(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(ProviderJson.Default.PayoutReport, cancellation) ?? throw new SenselessAnswerException("it is empty.");
        }
        catch (JsonException)
        {
            throw new SenselessAnswerException("it is not the JSON that was agreed.");
        }
    }

    private static PayoutAnswer Meaning(PayoutReport report) => report.Status switch
    {
        "paid" when report is { Id.Length: > 0 and <= MaxReferenceLength, FeeMinor: { } fee, PaidOutMinor: { } paidOut, Currency: { } currency } =>
            new PayoutAnswer.Paid(report.Id, new(fee, currency), new(paidOut, currency)),
        "paid" => throw new SenselessAnswerException("it is paid, without saying what."),
        "pending" => new PayoutAnswer.Pending(),
        "failed" when report.Code is { Length: > 0 } => new PayoutAnswer.Failed(report.Code, report.Reason ?? ""),
        _ => throw new SenselessAnswerException("its status is unknown."),
    };
}
