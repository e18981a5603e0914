using System.Globalization;
using Orleans.Concurrency;

namespace Wallets.Grains.Payments;

/// <summary>
/// Takes notifications in and shows them to operators. The signature is checked here, where the secrets are configured: gateways hold
/// none, and no rights on the table. A notification is answered once its row is committed.
/// </summary>
[StatelessWorker, Reentrant]
internal sealed class InboxGrain(PaymentChannels channels, Inbox inbox, GiftMetrics metrics, TimeProvider time) : Grain, IInboxGrain
{
    private const int MaxBodyLength = 64 * 1024;

    public async Task<Outcome<NotificationReceipt>> Receive(Delivery delivery)
    {
        if (channels.Find(delivery.Channel) is not INotifyingChannel channel) return PaymentChannels.Closed(delivery.Channel);
        if (delivery.Body.Length > MaxBodyLength || delivery.Body.Contains('\0', StringComparison.Ordinal)) return new Refusal(Refusal.InvalidNotification, "The body is too long, or not text.");
        var accepted = await channel.Accept(delivery);
        if (!accepted.IsOk)
        {
            metrics.Notified(channel.Name, accepted.Refusal.Code);
            return accepted.Refusal;
        }

        var (id, now) = (accepted.Value.NotificationId, time.GetUtcNow());
        var isNew = await inbox.Store(new InboxItem(channel.Name, id, InboxItem.Notification, delivery.Body, now, NotificationView.Waiting, 0, now, null, null));
        metrics.Notified(channel.Name, isNew ? "stored" : "known");
        if (isNew) GrainFactory.GetGrain<INotificationsGrain>(channel.Name).Handle(hasNew: true).Ignore();   // safe to lose: the clock asks as well
        return new NotificationReceipt(channel.Name, id);
    }

    public async Task<Outcome<Page<NotificationView>>> GetPage(Caller caller, string? status, string? after, int limit)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        var (time, channel, id) = ParseCursor(after);
        var items = await inbox.GetPage(status ?? "", time, channel, id, limit);
        return new Page<NotificationView>([.. items.Select(item => item.View())], items.Count == limit ? CursorOf(items[^1]) : null);
    }

    public async Task<Outcome<NotificationView>> Get(Caller caller, string channel, string id)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        return await inbox.Find(channel, id) is { } item ? item.View(withBody: true) : Unknown(channel, id);
    }

    public async Task<Outcome<NotificationView>> Retry(Caller caller, string channel, string id)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        if (await inbox.Find(channel, id) is not { } item) return Unknown(channel, id);
        if (item.Kind == InboxItem.Alert || item.Status == NotificationView.Done) return item.View();

        var due = item with { Status = NotificationView.Waiting, DueAt = time.GetUtcNow(), Detail = $"Tried again by {caller.Subject}. {item.Detail}" };
        await inbox.Update(due);
        GrainFactory.GetGrain<INotificationsGrain>(channel).Handle(hasNew: true).Ignore();   // safe to lose: the clock asks as well
        return due.View();
    }

    public async Task<Outcome<NotificationView>> Close(Caller caller, string channel, string id, string note)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        if (await inbox.Find(channel, id) is not { } item) return Unknown(channel, id);
        if (item.Status != NotificationView.Open) return item.View();

        var done = item with { Status = NotificationView.Done, DueAt = null, Detail = $"Closed by {caller.Subject}: {note} ({item.Detail})" };
        await inbox.Update(done);
        return done.View();
    }

    /// <summary>Where a page ends: time, channel and id, which no two notifications share.</summary>
    private static string CursorOf(InboxItem item) => $"{item.ReceivedAt.UtcTicks}~{item.Channel}~{item.Id}";

    private static (DateTimeOffset Time, string Channel, string Id) ParseCursor(string? after) =>
        after?.Split('~', 3) is [var ticks, var channel, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.UtcTicks
            ? (new DateTimeOffset(at, TimeSpan.Zero), channel, id)
            : (DateTimeOffset.UnixEpoch, "", "");

    private static Refusal OperatorsOnly => new(Refusal.Forbidden, "Notifications are for operators.");
    private static Refusal Unknown(string channel, string id) => new(Refusal.UnknownNotification, $"There is no notification {id} of channel {channel}.");
}
