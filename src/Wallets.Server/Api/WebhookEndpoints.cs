namespace Wallets.Server.Api;

/// <summary>
/// Notifications from stores and checkouts. No channel is open for them yet: they are answered with an error, so that the sender
/// keeps them and tries again, rather than taken and lost.
/// </summary>
internal static class WebhookEndpoints
{
    public static void MapWebhooks(this RouteGroupBuilder v1) => v1.MapPost("/webhooks/{channel}", (string channel) => channel is "apple" or "google" or "web"
            ? Problems.Problem(StatusCodes.Status501NotImplemented, "channel_not_open", $"Notifications of channel {channel} are not taken yet; keep them and try again.")
            : Problems.Problem(StatusCodes.Status404NotFound, Refusal.UnknownChannel, "There is no such channel."))
        .AllowAnonymous().WithTags("Webhooks").Refuses(404, 501).WithSummary("Store and checkout notifications.");
}
