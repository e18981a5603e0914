namespace Wallets.ChaosTests.Work;

/// <summary>How one attempt ended.</summary>
/// <param name="End">Ok, refused or unknown; null if nothing was written and it may be tried again.</param>
internal readonly record struct Answer(End? End, string Code, long? Balance = null);

/// <summary>What an operator asks for.</summary>
internal sealed record Order(string Kind, string Subject, long? Amount = null, string? Standing = null, Guid? Purchase = null, int? BasisPoints = null, Terms? Campaign = null)
{
    public string Reason => "Chaos";

    /// <summary>All of a purchase is given back.</summary>
    public static Order Refund(string user, Guid purchase) => new("refund", user, Purchase: purchase, BasisPoints: 10_000);
}

/// <summary>A campaign's terms.</summary>
internal sealed record Terms(string Id, long CoinsEach, long Budget, DateTimeOffset EndsAt, int BonusDays);

/// <summary>A way into the cluster: HTTP by one gateway, or grain calls.</summary>
internal interface IDoor
{
    Task<Answer> Purchase(string user, Guid key, string channel, string pack, string proof);
    Task<Answer> SendGift(string user, Guid key, Guid stream, string gift, int quantity);
    Task<Answer> RequestPayout(string creator, Guid key, long diamonds);

    /// <summary>An operator's act, approved by another one if it waits for that.</summary>
    Task<Answer> Ask(Guid key, Order order);

    Task<Answer> Grant(string campaign, string user);

    /// <summary>An event of the checkout; ok once it is stored.</summary>
    Task<Answer> Tell(string body);
}
