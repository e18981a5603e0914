using Microsoft.Extensions.Logging;
using Wallets.Grains.Accounts;
using Wallets.Ledger;

namespace Wallets.Grains.Acts;

/// <summary>What the cluster itself does with a campaign.</summary>
[Alias("campaign-desk")]
internal interface ICampaignDesk : IGrainWithStringKey
{
    /// <summary>Null if it is open with these terms, from now on or since before.</summary>
    [Alias("open")] Task<Refusal?> Open(Campaign campaign);

    /// <summary>Gives what was taken of the budget and may not be given yet. True once nothing is left to see through and nothing will come.</summary>
    [Alias("see-through")] Task<bool> SeeThrough();
}

[GenerateSerializer, Alias("campaign-state")]
internal sealed class CampaignState
{
    [Id(0)] public Campaign? Campaign { get; set; }

    /// <summary>Coins of the budget that are taken, stored before they are given: the budget is never passed.</summary>
    [Id(1)] public long Given { get; set; }

    /// <summary>For whom they were taken that may not have them yet, and when these coins expire.</summary>
    [Id(2)] public Dictionary<string, DateTimeOffset?> Unsure { get; set; } = [];
}

/// <summary>
/// A promotion's budget. Which users have had its coins stands in their wallets, under a key derived from campaign and user. A grant takes
/// its coins of the budget and notes whom they are for, in one write, before they are given; what dies in between is given by whoever asks
/// again or by <see cref="CampaignsGrain"/>, whatever the time, and a wallet that cannot take them returns them to the budget.
/// </summary>
internal sealed partial class CampaignGrain(
    [PersistentState("campaign")] IPersistentState<CampaignState> state, TimeProvider time, ILogger<CampaignGrain> logger) : Grain, ICampaignGrain, ICampaignDesk
{
    private const int MostUnsure = 1_000;

    /// <summary>Something is known to be given that storage calls unsure; giving it again would change nothing, so there is no hurry.</summary>
    private bool _isBehind;

    private CampaignState State => state.State;

    public async Task<Refusal?> Open(Campaign campaign)
    {
        if (State.Campaign is { } open) return open == campaign ? null : new Refusal(Refusal.InvalidAct, $"Campaign {campaign.Id} is there already, with other terms.");
        State.Campaign = campaign;
        await Store();
        return null;
    }

    public Task<Outcome<CampaignView>> Get(Caller caller)
    {
        if (!caller.Is(Roles.Operator | Roles.Purchasing)) return Task.FromResult<Outcome<CampaignView>>(NotAllowed);
        return Task.FromResult<Outcome<CampaignView>>(State.Campaign is { } campaign ? new CampaignView(campaign, new(State.Given)) : Unknown);
    }

    public async Task<Outcome<Grant>> Grant(Caller caller, string userId)
    {
        if (!caller.Is(Roles.Operator | Roles.Purchasing)) return NotAllowed;
        if (!Identifier.IsValid(userId)) return new Refusal(Refusal.InvalidAct, "The user's id is not valid.");
        if (State.Campaign is not { } campaign) return Unknown;
        if (State.Unsure.ContainsKey(userId)) return await Give(campaign, userId);

        var earlier = await WalletOf(userId).Grant(KeyOf(campaign, userId), campaign.Id, campaign.CoinsEach.Value, null, lookUpOnly: true);
        if (earlier.IsOk) return Outcome.Replayed(Of(earlier.Value, userId));

        var now = time.GetUtcNow();
        if (now >= campaign.EndsAt) return new Refusal(Refusal.CampaignEnded, $"Campaign {campaign.Id} has ended.");
        if (State.Given + campaign.CoinsEach.Value > campaign.Budget.Value) return new Refusal(Refusal.CampaignExhausted, $"The budget of campaign {campaign.Id} is used up.");
        if (State.Unsure.Count >= MostUnsure) throw new UnavailableException("Too many wallets do not answer; nothing was given.");
        State.Given += campaign.CoinsEach.Value;
        State.Unsure[userId] = campaign.BonusDays is { } days ? DateTimeOffset.FromUnixTimeSeconds(now.AddDays(days).ToUnixTimeSeconds()) : null;
        await Store();
        return await Give(campaign, userId);
    }

    public async Task<bool> SeeThrough()
    {
        if (State.Campaign is not { } campaign) return false;   // its act is under way
        foreach (var userId in State.Unsure.Keys.ToList())
        {
            try
            {
                await Give(campaign, userId);
            }
            catch (Exception fault) when (fault is UnavailableException or OutcomeUnknownException or OverloadedException or TimeoutException)
            {
                LogNotGiven(fault, campaign.Id, userId);   // the next time
            }
        }
        if (_isBehind) await Store();
        return State.Unsure.Count == 0 && time.GetUtcNow() >= campaign.EndsAt;
    }

    /// <summary>Gives coins that are taken of the budget. The wallet knows the key if it was given them before.</summary>
    private async Task<Outcome<Grant>> Give(Campaign campaign, string userId)
    {
        var granted = await WalletOf(userId).Grant(KeyOf(campaign, userId), campaign.Id, campaign.CoinsEach.Value, State.Unsure[userId], lookUpOnly: false);
        State.Unsure.Remove(userId);
        _isBehind = true;
        if (granted.IsOk) return granted.Replayed ? Outcome.Replayed(Of(granted.Value, userId)) : Of(granted.Value, userId);

        State.Given -= campaign.CoinsEach.Value;
        await Store();
        return granted.Refusal;
    }

    private IWalletDesk WalletOf(string userId) => GrainFactory.GetGrain<IWalletDesk>(userId);

    private static Guid KeyOf(Campaign campaign, string userId) => DerivedKey.Of("campaign", campaign.Id, userId);

    private Grant Of(Posted posted, string userId) => new(posted.Key, this.GetPrimaryKeyString(), userId, new(posted.Amount), new(posted.BalanceAfter), posted.ExpiresAt);

    private async Task Store()
    {
        try
        {
            await state.WriteStateAsync();
            _isBehind = false;
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private static Refusal NotAllowed => new(Refusal.Forbidden, "Only operators and checkouts may do this.");
    private Refusal Unknown => new(Refusal.UnknownCampaign, $"There is no campaign {this.GetPrimaryKeyString()}.");

    [LoggerMessage(LogLevel.Warning, "Coins of campaign {Campaign} are not given to {User} yet")]
    private partial void LogNotGiven(Exception fault, string campaign, string user);
}
