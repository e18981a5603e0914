using Orleans.Concurrency;

namespace Wallets.Grains.Payments;

/// <summary>The wallet's part of a purchase. The key is the user id.</summary>
[Alias("mint")]
internal interface IMint : IGrainWithStringKey
{
    /// <summary>
    /// What the ledger holds under the order's key or for its payment, as the answer that the order gets; null if it holds neither. An
    /// order that is about to be refused is looked up again, because another attempt may have been recorded meanwhile.
    /// </summary>
    [AlwaysInterleave, Alias("find")] Task<Outcome<Purchase>?> Find(PurchaseOrder order, Payment payment);

    /// <summary>Records the purchase of a claimed payment, once, in the wallet's turn.</summary>
    [Alias("mint")] Task<Outcome<Purchase>> Mint(PurchaseOrder order, Payment payment, CoinPack pack);
}
