using Wallets.Ledger;

namespace Wallets.Grains.Publishing;

/// <summary>Publishes rate cards, as an act does.</summary>
[Alias("rate-card-desk")]
internal interface IRateCardDesk : IGrainWithStringKey
{
    /// <summary>Null if this very card is published, from now on or since before; refused if its version is another card's or not the next.</summary>
    [Alias("publish")] Task<Refusal?> Publish(RateCard card);
}

/// <summary>The published rate cards. They stand in the ledger, append-only, because the audit judges every gift by them.</summary>
internal sealed class RateCardGrain(IRateCards cards) : Grain, IRateCardGrain, IRateCardDesk
{
    private RateCard[] _versions = [];

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var versions = await cards.ReadRateCards();
        if (versions.Count == 0)
        {
            await cards.PublishRateCard(Defaults.RateCard);
            versions = await cards.ReadRateCards();
        }
        _versions = [.. versions];
    }

    public Task<RateCard[]> GetVersions() => Task.FromResult(_versions);

    public async Task<Refusal?> Publish(RateCard card)
    {
        if (card.Version == _versions[^1].Version + 1) await cards.PublishRateCard(card);
        _versions = [.. await cards.ReadRateCards()];
        var published = Array.Find(_versions, known => known.Version == card.Version);
        return published is not null && published with { ChannelFees = [] } == card with { ChannelFees = [] } && published.ChannelFees.SequenceEqual(card.ChannelFees)
            ? null
            : new Refusal(Refusal.InvalidAct, $"Version {card.Version} is another rate card, or not the next one.");
    }
}
