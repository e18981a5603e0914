using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

internal sealed record CloseRequest(string Note);

/// <summary>What stores and checkouts told us and needs a person, for operators.</summary>
internal static class NotificationEndpoints
{
    public static void MapNotifications(this RouteGroupBuilder v1)
    {
        var notifications = v1.MapGroup("/admin/notifications").RequireAuthorization(Tokens.OperatorPolicy).WithTags("Admin");

        notifications.MapGet("", (HttpContext http, IGrainFactory grains, string? status, string? after, string? limit) =>
            {
                if (status is not (null or NotificationView.Waiting or NotificationView.Open or NotificationView.Done))
                    throw new BadInputException("invalid_status", "status is waiting, open or done.");
                var (_, size) = Requests.ParsePage(null, limit);
                return Inbox(grains).GetPage(http.Caller(), status, after, size).Found();
            })
            .Produces<Page<NotificationView>>().Refuses(403).WithSummary("Notifications in the order they came; status=open are those that need a person.");

        notifications.MapGet("/{channel}/{id}", (HttpContext http, IGrainFactory grains, string channel, string id) => Inbox(grains).Get(http.Caller(), channel, id).Found())
            .Produces<NotificationView>().Refuses(403, 404).WithSummary("A notification with its body as it came.");

        notifications.MapPost("/{channel}/{id}/retry", (HttpContext http, IGrainFactory grains, string channel, string id) => Inbox(grains).Retry(http.Caller(), channel, id).Found())
            .Produces<NotificationView>().Refuses(403, 404).WithSummary("Has a notification handled again now.");

        notifications.MapPost("/{channel}/{id}/close", (HttpContext http, IGrainFactory grains, string channel, string id, CloseRequest request) =>
            {
                if (string.IsNullOrWhiteSpace(request.Note) || request.Note.Length > NotificationView.MaxNoteLength || request.Note.Any(char.IsControl))
                    throw new BadInputException("invalid_note", $"A note has 1 to {NotificationView.MaxNoteLength} characters.");
                return Inbox(grains).Close(http.Caller(), channel, id, request.Note).Found();
            })
            .Produces<NotificationView>().Refuses(403, 404).WithSummary("Notes that a person has dealt with an open notification, and how.");
    }

    private static IInboxGrain Inbox(IGrainFactory grains) => grains.GetGrain<IInboxGrain>(IInboxGrain.Key);
}
