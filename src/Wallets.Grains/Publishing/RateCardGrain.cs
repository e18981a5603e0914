using Wallets.Ledger;

namespace Wallets.Grains.Publishing;

/// <summary>The published rate cards. They stand in the ledger, append-only, because the audit judges every gift by them.</summary>
internal sealed class RateCardGrain(ILedger ledger) : Grain, IRateCardGrain
{
    private RateCard[] _versions = [];

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var versions = await ledger.ReadRateCards();
        if (versions.Count == 0)
        {
            await ledger.PublishRateCard(Defaults.RateCard);
            versions = await ledger.ReadRateCards();
        }
        _versions = [.. versions];
    }

    public Task<RateCard[]> GetVersions() => Task.FromResult(_versions);
}
