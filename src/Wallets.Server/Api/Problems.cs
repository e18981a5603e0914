using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;

namespace Wallets.Server.Api;

/// <summary>The request is not one that could ever succeed; <see cref="Code"/> is stable.</summary>
internal sealed class BadInputException(string code, string detail) : Exception(detail)
{
    public string Code { get; } = code;
}

/// <summary>The caller may not do this to that account.</summary>
internal sealed class ForbiddenException(string detail) : Exception(detail);

/// <summary>Errors as RFC 9457 problem documents, each with a stable <c>code</c>.</summary>
internal static class Problems
{
    private const string RetryAfterSeconds = "1";

    public static void AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.AddProblemDetails(CodeEveryProblem);
        builder.Services.AddExceptionHandler<FaultHandler>();
    }

    /// <summary>Those that the framework raises by status alone get their code here.</summary>
    private static void CodeEveryProblem(ProblemDetailsOptions options) => options.CustomizeProblemDetails = context =>
    {
        var problem = context.ProblemDetails;
        if (problem.Extensions.ContainsKey("code")) return;
        var code = problem.Status switch
        {
            400 => "invalid_request",
            401 => "unauthorized",
            403 => Refusal.Forbidden,
            404 => "not_found",
            405 => "method_not_allowed",
            413 => "body_too_large",
            415 => "unsupported_media_type",
            _ => "internal_error",
        };
        problem.Extensions["code"] = code;
        problem.Type = TypeOf(code);
        problem.Detail ??= problem.Title;
    };

    public static IResult Refuse(Refusal refusal, bool isLookUp = false) => Problem(StatusOf(refusal.Code, isLookUp), refusal.Code, refusal.Detail);

    public static IResult Problem(int status, string code, string detail) =>
        Results.Problem(detail, statusCode: status, type: TypeOf(code), extensions: new Dictionary<string, object?> { ["code"] = code });

    public static IResult Of(Exception fault, HttpContext http)
    {
        var (status, code, detail) = fault switch
        {
            BadInputException bad => (400, bad.Code, bad.Message),
            ForbiddenException forbidden => (403, Refusal.Forbidden, forbidden.Message),
            BadHttpRequestException { StatusCode: 413 } => (413, "body_too_large", "A request body has at most 64 KiB."),
            BadHttpRequestException { StatusCode: 415 } => (415, "unsupported_media_type", "Send application/json."),
            BadHttpRequestException { InnerException: JsonException json } => (400, "invalid_request", $"The body has an unknown, missing, repeated or mistyped field, or is not JSON (at {json.Path ?? "$"})."),
            BadHttpRequestException bad => (bad.StatusCode, "invalid_request", "The request is not well-formed."),
            OverloadedException or LimitExceededException => (503, "overloaded", "Too much is waiting; nothing was written. Retry with the same key."),
            UnavailableException unavailable => (503, "unavailable", unavailable.Message),
            OutcomeUnknownException or TimeoutException or OrleansException or OperationCanceledException => (503, "outcome_unknown", "It is not known whether the request took effect. Retry with the same key."),
            _ => (500, "internal_error", "Something broke; it has been logged."),
        };
        if (status == 503) http.Response.Headers.RetryAfter = RetryAfterSeconds;
        return Problem(status, code, detail);
    }

    private static int StatusOf(string code, bool isLookUp) => code switch
    {
        Refusal.Forbidden => 403,
        Refusal.UnknownTransfer or Refusal.UnknownRate or Refusal.UnknownNotification or Refusal.UnknownAct or Refusal.UnknownCampaign or Refusal.UnknownMatch => 404,
        Refusal.UnknownStream when isLookUp => 404,
        Refusal.InsufficientFunds or Refusal.InsufficientDiamonds or Refusal.LimitExceeded or Refusal.StreamEnded or Refusal.StreakEnded or Refusal.ProofUsed or Refusal.BalanceTooLarge
            or Refusal.MatchUnderWay or Refusal.MatchOver or Refusal.PriceChanged or Refusal.GiftNotAvailable or Refusal.GiftNotInRegion or Refusal.LevelTooLow or Refusal.FansOnly
            or Refusal.WalletFrozen or Refusal.NothingToRefund or Refusal.SecondApproverNeeded or Refusal.AlreadyDecided or Refusal.CampaignEnded or Refusal.CampaignExhausted
            or Refusal.IdentityNotVerified or Refusal.TaxFormMissing or Refusal.PayoutAccountMissing or Refusal.ExchangeRateMissing or Refusal.NotUndecided
            or Refusal.PaymentPending or Refusal.PaymentCancelled or Refusal.PaymentRevoked or Refusal.PaymentRefunded => 409,
        _ => 422,
    };

    private static string TypeOf(string code) => $"urn:wallets:problem:{code}";
}

/// <summary>Turns whatever an endpoint throws into a problem; only what nobody expected is logged as an error.</summary>
internal sealed partial class FaultHandler(ILogger<FaultHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = Problems.Of(exception, httpContext);
        if (problem is IStatusCodeHttpResult { StatusCode: 500 }) LogUnexpected(exception, httpContext.Request.Path);
        await problem.ExecuteAsync(httpContext);
        return true;
    }

    [LoggerMessage(LogLevel.Error, "Unexpected fault at {Path}")]
    private partial void LogUnexpected(Exception fault, string path);
}
