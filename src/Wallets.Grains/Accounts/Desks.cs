using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>
/// What operators and promotions do to a wallet; the wallet grain answers, the key is the user id. Idempotent by key: the same key
/// again answers the entry that stands.
/// </summary>
[Alias("wallet-desk")]
internal interface IWalletDesk : IGrainWithStringKey
{
    /// <summary>Coins an operator gives, as bonus coins that do not expire, or takes, in the published spend order.</summary>
    [Alias("adjust")] Task<Outcome<Posted>> Adjust(Guid key, long coins, string reason, string actor);

    [Alias("set-standing")] Task<Outcome<Posted>> SetStanding(Guid key, string standing, string reason, string actor);

    [Alias("refund-purchase")] Task<Outcome<RefundReceipt>> RefundPurchase(Guid key, Guid purchase, int basisPoints, string reason);

    /// <summary>Coins that a promotion gives; null if the key is not known and <paramref name="lookUpOnly"/> is set.</summary>
    [Alias("grant")] Task<Outcome<Posted>> Grant(Guid key, string campaign, long coins, DateTimeOffset? expiresAt, bool lookUpOnly);
}

/// <summary>What operators do to an earnings account; the earnings grain answers, the key is the creator id.</summary>
[Alias("earnings-desk")]
internal interface IEarningsDesk : IGrainWithStringKey
{
    /// <summary>Diamonds given, available at once, or taken from the available ones.</summary>
    [Alias("adjust")] Task<Outcome<Posted>> Adjust(Guid key, long diamonds, string reason, string actor);
}

/// <summary>An entry that stands.</summary>
[GenerateSerializer, Immutable, Alias("posted")]
internal sealed record Posted(Guid Key, long Seq, long Amount, long BalanceAfter, DateTimeOffset? ExpiresAt)
{
    public static Posted Of(Entry entry) => new(entry.TransferId, entry.Seq, entry.Amount, entry.BalanceAfter, entry.Detail?.ExpiresAt);
}
