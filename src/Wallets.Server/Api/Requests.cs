using Microsoft.AspNetCore.Http.HttpResults;
using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

/// <summary>What every endpoint reads from a request and writes to an answer.</summary>
internal static class Requests
{
    public const string KeyHeader = "Idempotency-Key";
    private const string ReplayedHeader = "Idempotency-Replayed";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 500;

    public static Caller Caller(this HttpContext http) => Tokens.CallerOf(http.User);

    public static Guid ParseKey(string? header)
    {
        if (string.IsNullOrEmpty(header)) throw new BadInputException("idempotency_key_missing", $"Send {KeyHeader}: a UUID of your own, the same again on a retry.");
        return ParseUuid(header, "idempotency_key_invalid", $"{KeyHeader} must be a UUID.");
    }

    /// <summary>A UUID as written in RFC 9562; the nil one is nobody's.</summary>
    public static Guid ParseUuid(string text, string code, string detail) =>
        Guid.TryParseExact(text, "D", out var id) && id != Guid.Empty ? id : throw new BadInputException(code, detail);

    public static (long AfterSeq, int Limit) ParsePage(string? after, string? limit)
    {
        long afterSeq = 0;
        if (!string.IsNullOrEmpty(after) && !(long.TryParse(after, out afterSeq) && afterSeq >= 0))
            throw new BadInputException("invalid_cursor", "after must be the next of an earlier page.");
        var size = DefaultLimit;
        if (!string.IsNullOrEmpty(limit) && !(int.TryParse(limit, out size) && size is >= 1 and <= MaxLimit))
            throw new BadInputException("invalid_limit", $"limit must be 1 to {MaxLimit}.");
        return (afterSeq, size);
    }

    public static Task<IResult> Created<T>(this Task<Outcome<T>> asked, HttpContext http) where T : class => Written(asked, http, StatusCodes.Status201Created);

    /// <summary>For what is brought to a state, and may be in it.</summary>
    public static Task<IResult> Put<T>(this Task<Outcome<T>> asked, HttpContext http) where T : class => Written(asked, http, StatusCodes.Status200OK);

    private static async Task<IResult> Written<T>(Task<Outcome<T>> asked, HttpContext http, int status) where T : class
    {
        var outcome = await asked;
        if (!outcome.IsOk) return Problems.Refuse(outcome.Refusal!);
        if (outcome.Replayed) http.Response.Headers[ReplayedHeader] = "true";
        return TypedResults.Json(outcome.Value, statusCode: status);
    }

    public static async Task<IResult> Found<T>(this Task<Outcome<T>> asked) where T : class
    {
        var outcome = await asked;
        return outcome.IsOk ? TypedResults.Ok(outcome.Value) : Problems.Refuse(outcome.Refusal!, isLookUp: true);
    }

    /// <summary>A whole list as one page.</summary>
    public static Ok<Page<T>> Page<T>(IEnumerable<T> items) => TypedResults.Ok(new Page<T>([.. items], null));

    /// <summary>Documents the refusals and faults that an endpoint of the API can answer with.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses) endpoint.ProducesProblem(status);
        return endpoint.ProducesProblem(400).ProducesProblem(503);
    }
}
