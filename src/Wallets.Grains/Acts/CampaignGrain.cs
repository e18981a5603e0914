using Wallets.Grains.Accounts;
using Wallets.Ledger;

namespace Wallets.Grains.Acts;

/// <summary>Opens campaigns, as an act does.</summary>
[Alias("campaign-desk")]
internal interface ICampaignDesk : IGrainWithStringKey
{
    /// <summary>Null if it is open with these terms, from now on or since before.</summary>
    [Alias("open")] Task<Refusal?> Open(Campaign campaign);
}

[GenerateSerializer, Alias("campaign-state")]
internal sealed class CampaignState
{
    [Id(0)] public Campaign? Campaign { get; set; }

    /// <summary>Coins of the budget that are taken. Stored before they are given: the budget is never passed, and what died in between stays taken.</summary>
    [Id(1)] public long Given { get; set; }
}

/// <summary>A promotion's budget. Which users have had its coins stands in their wallets, under a key derived from campaign and user.</summary>
internal sealed class CampaignGrain([PersistentState("campaign")] IPersistentState<CampaignState> state, TimeProvider time) : Grain, ICampaignGrain, ICampaignDesk
{
    public async Task<Refusal?> Open(Campaign campaign)
    {
        if (state.State.Campaign is { } open) return open == campaign ? null : new Refusal(Refusal.InvalidAct, $"Campaign {campaign.Id} is there already, with other terms.");
        await Store(new CampaignState { Campaign = campaign });
        return null;
    }

    public Task<Outcome<CampaignView>> Get(Caller caller)
    {
        if (!caller.Is(Roles.Operator | Roles.Purchasing)) return Task.FromResult<Outcome<CampaignView>>(NotAllowed);
        return Task.FromResult<Outcome<CampaignView>>(state.State.Campaign is { } campaign ? new CampaignView(campaign, new(state.State.Given)) : Unknown);
    }

    public async Task<Outcome<Grant>> Grant(Caller caller, string userId)
    {
        if (!caller.Is(Roles.Operator | Roles.Purchasing)) return NotAllowed;
        if (!Identifier.IsValid(userId)) return new Refusal(Refusal.InvalidAct, "The user's id is not valid.");
        if (state.State.Campaign is not { } campaign) return Unknown;

        var key = DerivedKey.Of("campaign", campaign.Id, userId);
        var wallet = GrainFactory.GetGrain<IWalletDesk>(userId);
        if ((await wallet.Grant(key, campaign.Id, campaign.CoinsEach.Value, null, lookUpOnly: true)).Value is { } earlier) return Outcome.Replayed(Of(earlier, userId));

        var now = time.GetUtcNow();
        if (now >= campaign.EndsAt) return new Refusal(Refusal.CampaignEnded, $"Campaign {campaign.Id} has ended.");
        if (state.State.Given + campaign.CoinsEach.Value > campaign.Budget.Value) return new Refusal(Refusal.CampaignExhausted, $"The budget of campaign {campaign.Id} is used up.");
        await Store(new CampaignState { Campaign = campaign, Given = state.State.Given + campaign.CoinsEach.Value });

        DateTimeOffset? expiresAt = campaign.BonusDays is { } days ? DateTimeOffset.FromUnixTimeSeconds(now.AddDays(days).ToUnixTimeSeconds()) : null;
        var granted = await wallet.Grant(key, campaign.Id, campaign.CoinsEach.Value, expiresAt, lookUpOnly: false);
        return granted.IsOk ? Of(granted.Value, userId) : granted.Refusal;
    }

    private Grant Of(Posted posted, string userId) => new(posted.Key, this.GetPrimaryKeyString(), userId, new(posted.Amount), new(posted.BalanceAfter), posted.ExpiresAt);

    private async Task Store(CampaignState changed)
    {
        try
        {
            state.State = changed;
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private static Refusal NotAllowed => new(Refusal.Forbidden, "Only operators and checkouts may do this.");
    private Refusal Unknown => new(Refusal.UnknownCampaign, $"There is no campaign {this.GetPrimaryKeyString()}.");
}
