using System.Text;

namespace Wallets.Server.Api;

/// <summary>
/// Notifications from stores and checkouts, handed on as they came: the silos know whom to believe. 200 says that it is stored;
/// after anything else the sender tries again.
/// </summary>
internal static class WebhookEndpoints
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void MapWebhooks(this RouteGroupBuilder v1) => v1.MapPost("/webhooks/{channel}", async (HttpContext http, IGrainFactory grains, string channel, string? token) =>
        {
            var headers = http.Request.Headers.Where(header => header.Value.Count == 1).ToDictionary(header => header.Key, header => header.Value.ToString());
            var received = await grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(new Delivery(channel, await ReadBody(http), headers, token));
            return received.IsOk
                ? TypedResults.Ok(received.Value)
                : Problems.Problem(StatusOf(received.Refusal.Code), received.Refusal.Code, received.Refusal.Detail);
        })
        .AllowAnonymous().WithTags("Webhooks").Produces<NotificationReceipt>().Refuses(401, 404, 413, 501).WithSummary("Store and checkout notifications: apple, google, web.");

    private static async Task<string> ReadBody(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, StrictUtf8);
        try
        {
            return await reader.ReadToEndAsync(http.RequestAborted);
        }
        catch (DecoderFallbackException)
        {
            throw new BadInputException("invalid_request", "The body is not UTF-8.");
        }
    }

    private static int StatusOf(string code) => code switch
    {
        Refusal.UnknownChannel => StatusCodes.Status404NotFound,
        Refusal.ChannelNotOpen => StatusCodes.Status501NotImplemented,
        Refusal.InvalidNotification => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status401Unauthorized,   // nobody whom we believe sent this to us
    };
}
