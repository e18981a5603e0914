using Orleans.Concurrency;
using Wallets.Grains.Accounts;
using Wallets.Grains.Publishing;

namespace Wallets.Grains.Payments;

/// <summary>
/// A purchase's way, as src/README.md numbers it: 1 the wallet is asked whether it knows the key or the payment, 2 and 3 the receipt claims
/// the payment, which may ask a store and take seconds, 4 the wallet mints, 5 the receipt finishes. It waits for the store in
/// the wallet's stead: a wallet that waits for others cannot move or reload until they answer. It owns nothing; the same key goes the
/// same way again.
/// </summary>
[StatelessWorker, Reentrant]
internal sealed class PurchaseGrain(PaymentChannels channels, Published published, GiftMetrics metrics) : Grain, IPurchaseGrain
{
    private string UserId => this.GetPrimaryKeyString();
    private IMint Wallet => GrainFactory.GetGrain<IMint>(UserId);

    public async Task<Outcome<Purchase>> Purchase(Caller caller, PurchaseOrder order)
    {
        if (!caller.Owns(UserId, Roles.Viewer) && !caller.Is(Roles.Purchasing)) return Refuse(WalletGrain.NotTheirs);
        if (channels.Find(order.Channel) is not { } channel) return Refuse(new(Refusal.UnknownChannel, $"Channel '{order.Channel}' is not open for purchases."));
        var identified = channel.Identify(order.Proof);
        if (!identified.IsOk) return Refuse(identified.Refusal);
        var payment = identified.Value;

        // 1
        if (await BeforeMinting(Wallet.Find(order, payment)) is { } known) return known;
        var terms = await published.GetTerms();
        if (!terms.Packs.TryGetValue(order.PackId, out var pack) || !pack.Channels.Contains(order.Channel))
            return Refuse(new(Refusal.UnknownPack, $"There is no pack '{order.PackId}' in channel {order.Channel}."));

        // 2, 3
        var receipt = GrainFactory.GetGrain<IReceiptGrain>($"{payment.Channel}:{payment.Id}");
        var claimed = await BeforeMinting(receipt.Claim(payment, UserId, order, pack));   // repeated by the same user it is the same claim
        if (!claimed.IsOk) return await BeforeMinting(Wallet.Find(order, payment)) ?? Refuse(claimed.Refusal);

        // 4
        var purchase = await Wallet.Mint(order, claimed.Value, pack);

        // 5
        if (purchase.IsOk && channel is ICompletingChannel) receipt.Finish(payment).Ignore();   // safe to lose: the inbox holds it
        return purchase;
    }

    /// <summary>However a call ends that comes before the wallet is asked to mint, it minted nothing.</summary>
    private static async Task<T> BeforeMinting<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (Exception fault) when (fault is not UnavailableException)
        {
            throw new UnavailableException("Not all who know of this payment answer; nothing was minted.");
        }
    }

    private Refusal Refuse(Refusal refusal)
    {
        metrics.Refused(refusal.Code);
        return refusal;
    }
}
