using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
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
internal sealed record CampaignState
{
    [Id(0)] public Campaign? Campaign { get; init; }

    /// <summary>Coins of the budget that are taken, stored before they are given: the budget is never passed.</summary>
    [Id(1)] public long Given { get; init; }

    /// <summary>For whom they were taken that may not have them yet, and when these coins expire.</summary>
    [Id(2)] public ImmutableDictionary<string, DateTimeOffset?> Unsure { get; init; } = ImmutableDictionary<string, DateTimeOffset?>.Empty;
}

/// <summary>
/// A promotion's budget. Which users have had its coins stands in their wallets, under a key derived from campaign and user. A grant takes
/// its coins of the budget and notes whom they are for, in one write, before they are given; what dies in between is given by whoever asks
/// again or by <see cref="CampaignsGrain"/>, whatever the time, and a wallet that cannot take them returns them to the budget. Calls
/// interleave, so that a wallet that does not answer holds up nobody else; for one user there is one grant at a time.
/// </summary>
[Reentrant]
internal sealed partial class CampaignGrain([PersistentState("campaign")] IPersistentState<CampaignState> state, TimeProvider time, ILogger<CampaignGrain> logger)
    : InterleavingGrain<CampaignState>(state), ICampaignGrain, ICampaignDesk
{
    private const int MostUnsure = 1_000;

    private readonly Dictionary<string, Task<Outcome<Grant>>> _underWay = [];

    public async Task<Refusal?> Open(Campaign campaign)
    {
        if (State.Campaign is null) State = State with { Campaign = campaign };
        await Store();
        return State.Campaign == campaign ? null : new Refusal(Refusal.InvalidAct, $"Campaign {campaign.Id} is there already, with other terms.");
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
        return await Grant(campaign, userId);
    }

    public async Task<bool> SeeThrough()
    {
        if (State.Campaign is not { } campaign) return false;   // its act is under way
        await Task.WhenAll(State.Unsure.Keys.Select(userId => SeeThrough(campaign, userId)));
        var hasEnded = time.GetUtcNow() >= campaign.EndsAt;
        if (hasEnded) State = State with { };   // written once more: it fails if another activation has taken coins since
        await Store();
        return hasEnded && _underWay.Count == 0 && State.Unsure.IsEmpty;
    }

    private async Task SeeThrough(Campaign campaign, string userId)
    {
        try
        {
            await Grant(campaign, userId);
        }
        catch (Exception fault)
        {
            LogNotGiven(fault, campaign.Id, userId);   // the next time
        }
    }

    /// <summary>Who asks while a grant for the user is under way hears how that one ends.</summary>
    private async Task<Outcome<Grant>> Grant(Campaign campaign, string userId)
    {
        if (_underWay.TryGetValue(userId, out var underWay))
        {
            var grant = await underWay;
            return grant.IsOk ? Outcome.Replayed(grant.Value) : grant;
        }

        try
        {
            return await (_underWay[userId] = TakeAndGive(campaign, userId));
        }
        finally
        {
            _underWay.Remove(userId);
        }
    }

    private async Task<Outcome<Grant>> TakeAndGive(Campaign campaign, string userId)
    {
        if (State.Unsure.ContainsKey(userId)) return await Give(campaign, userId);

        var earlier = await WalletOf(userId).Grant(KeyOf(campaign, userId), campaign.Id, campaign.CoinsEach.Value, null, lookUpOnly: true);
        if (earlier.IsOk) return Outcome.Replayed(Of(earlier.Value, userId));

        var now = time.GetUtcNow();
        if (now >= campaign.EndsAt) return new Refusal(Refusal.CampaignEnded, $"Campaign {campaign.Id} has ended.");
        if (State.Given + campaign.CoinsEach.Value > campaign.Budget.Value)
        {
            await Store();   // by what is certain
            return new Refusal(Refusal.CampaignExhausted, $"The budget of campaign {campaign.Id} is used up.");
        }
        if (State.Unsure.Count >= MostUnsure) throw new UnavailableException("Too many grants are under way or not answered; nothing was given.");
        DateTimeOffset? expiresAt = campaign.BonusDays is { } days ? DateTimeOffset.FromUnixTimeSeconds(now.AddDays(days).ToUnixTimeSeconds()) : null;
        State = State with { Given = State.Given + campaign.CoinsEach.Value, Unsure = State.Unsure.Add(userId, expiresAt) };
        await Store();
        return await Give(campaign, userId);
    }

    /// <summary>Gives coins that are taken of the budget. The wallet knows the key if it was given them before.</summary>
    private async Task<Outcome<Grant>> Give(Campaign campaign, string userId)
    {
        var granted = await WalletOf(userId).Grant(KeyOf(campaign, userId), campaign.Id, campaign.CoinsEach.Value, State.Unsure[userId], lookUpOnly: false);
        State = State with { Unsure = State.Unsure.Remove(userId) };   // stored with the next change, or by the next sweep: giving it again would change nothing
        if (granted.IsOk) return granted.Replayed ? Outcome.Replayed(Of(granted.Value, userId)) : Of(granted.Value, userId);

        State = State with { Given = State.Given - campaign.CoinsEach.Value };
        await Store();
        return granted.Refusal;
    }

    private IWalletDesk WalletOf(string userId) => GrainFactory.GetGrain<IWalletDesk>(userId);

    private static Guid KeyOf(Campaign campaign, string userId) => DerivedKey.Of("campaign", campaign.Id, userId);

    private Grant Of(Posted posted, string userId) => new(posted.Key, this.GetPrimaryKeyString(), userId, new(posted.Amount), new(posted.BalanceAfter), posted.ExpiresAt);

    private static Refusal NotAllowed => new(Refusal.Forbidden, "Only operators and checkouts may do this.");
    private Refusal Unknown => new(Refusal.UnknownCampaign, $"There is no campaign {this.GetPrimaryKeyString()}.");

    [LoggerMessage(LogLevel.Warning, "Coins of campaign {Campaign} are not given to {User} yet")]
    private partial void LogNotGiven(Exception fault, string campaign, string user);
}
