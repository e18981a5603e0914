namespace Wallets.ChaosTests.Work;

/// <summary>How one attempt ended.</summary>
/// <param name="End">Ok, refused or unknown; null if nothing was written and it may be tried again.</param>
internal readonly record struct Answer(End? End, string Code, long? Balance = null);

/// <summary>A way into the cluster: HTTP by one gateway, or grain calls.</summary>
internal interface IDoor
{
    Task<Answer> Purchase(string user, Guid key, string pack, string proof);
    Task<Answer> SendGift(string user, Guid key, Guid stream, string gift, int quantity);
    Task<Answer> RequestPayout(string creator, Guid key, long diamonds);

    /// <summary>An operator's act: all of a purchase is given back.</summary>
    Task<Answer> Refund(string user, Guid key, Guid purchase);
}
