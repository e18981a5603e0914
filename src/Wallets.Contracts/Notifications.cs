namespace Wallets;

/// <summary>
/// Where stores and checkouts tell what happened to payments, and where operators see what needs a person. Any integer key: every silo
/// answers for itself.
/// </summary>
[Alias("inbox")]
public interface IInboxGrain : IGrainWithIntegerKey
{
    const long Key = 0;

    /// <summary>
    /// Answers once the notification is stored: then it will be handled, whatever dies. One that came before is answered alike.
    /// Throws <see cref="UnavailableException"/>: the sender tries again.
    /// </summary>
    [Alias("receive")] Task<Outcome<NotificationReceipt>> Receive(Delivery delivery);

    /// <summary>Notifications in the order they came, of one status or all.</summary>
    [Alias("page")] Task<Outcome<Page<NotificationView>>> GetPage(Caller caller, string? status, string? after, int limit);

    /// <summary>With the body as it came.</summary>
    [Alias("get")] Task<Outcome<NotificationView>> Get(Caller caller, string channel, string id);

    /// <summary>Has it handled again now.</summary>
    [Alias("retry")] Task<Outcome<NotificationView>> Retry(Caller caller, string channel, string id);

    /// <summary>Notes that a person has dealt with it, and how.</summary>
    [Alias("close")] Task<Outcome<NotificationView>> Close(Caller caller, string channel, string id, string note);
}

/// <summary>A notification as it came over HTTP, not believed yet.</summary>
/// <param name="Token">The address's <c>token</c>, for senders that sign nothing.</param>
[GenerateSerializer, Immutable, Alias("delivery")]
public sealed record Delivery(string Channel, string Body, Dictionary<string, string> Headers, string? Token)
{
    public string? Header(string name) => Headers.FirstOrDefault(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
}

/// <param name="Id">By which the channel knows it.</param>
[GenerateSerializer, Immutable, Alias("notification-receipt")]
public sealed record NotificationReceipt(string Channel, string Id);

/// <param name="Kind"><c>notification</c> from the channel; <c>completion</c> of a claimed payment; <c>alert</c> for people only.</param>
/// <param name="Status"><c>waiting</c> to be handled, <c>open</c> for a person to look at, <c>done</c>.</param>
/// <param name="Attempts">How often handling failed.</param>
/// <param name="DueAt">When it is handled next; null for not by itself.</param>
/// <param name="Code">Why it is open, stable.</param>
/// <param name="Detail">For people: why it is open, or what came of it.</param>
/// <param name="Body">Only where one notification is asked for.</param>
[GenerateSerializer, Immutable, Alias("notification-view")]
public sealed record NotificationView(
    string Channel, string Id, string Kind, string Status, DateTimeOffset ReceivedAt, int Attempts, DateTimeOffset? DueAt, string? Code, string? Detail, string? Body)
{
    public const string Waiting = "waiting";
    public const string Open = "open";
    public const string Done = "done";
    public const int MaxNoteLength = 500;
}
