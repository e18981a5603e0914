namespace Wallets.Grains.Payments;

/// <summary>The wallet's part of a purchase that has its turn among what else moves its coins. The key is the user id.</summary>
[Alias("mint")]
internal interface IMint : IGrainWithStringKey
{
    /// <summary>Records the purchase of a claimed payment, once.</summary>
    [Alias("mint")] Task<Outcome<Purchase>> Mint(PurchaseOrder order, Payment payment, CoinPack pack);
}
