using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Acts;

/// <summary>Sees grants through that died halfway. One for the cluster; called every second.</summary>
[Alias("campaigns")]
internal interface ICampaignsGrain : IGrainWithStringKey
{
    const string Key = "campaigns";

    /// <summary>Before a campaign opens, so that none is open which nobody looks after.</summary>
    [Alias("look-after")] Task LookAfter(string campaignId);

    [Alias("sweep")] Task Sweep();
}

[GenerateSerializer, Alias("campaigns-state")]
internal sealed class CampaignsState
{
    /// <summary>Campaigns that are not over, or have grants that are not certain.</summary>
    [Id(0)] public HashSet<string> Campaigns { get; set; } = [];
}

/// <summary>Calls each campaign now and then until it is over. Only acts and the clock call this grain, so it may call campaigns.</summary>
internal sealed partial class CampaignsGrain(
    [PersistentState("campaigns")] IPersistentState<CampaignsState> state, TimeProvider time, ILogger<CampaignsGrain> logger) : Grain, ICampaignsGrain
{
    private const int AtOnce = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private DateTimeOffset _sweptAt;

    public async Task LookAfter(string campaignId)
    {
        if (state.State.Campaigns.Add(campaignId)) await Store();
    }

    public async Task Sweep()
    {
        if (time.GetUtcNow() - _sweptAt < Interval) return;
        var over = new List<string>();
        foreach (var campaigns in state.State.Campaigns.Chunk(AtOnce))
            over.AddRange((await Task.WhenAll(campaigns.Select(SeeThrough))).OfType<string>());
        _sweptAt = time.GetUtcNow();
        if (over.Count == 0) return;
        state.State.Campaigns.ExceptWith(over);
        await Store();
    }

    /// <summary>The campaign, if it is over.</summary>
    private async Task<string?> SeeThrough(string campaignId)
    {
        try
        {
            return await GrainFactory.GetGrain<ICampaignDesk>(campaignId).SeeThrough() ? campaignId : null;
        }
        catch (Exception fault)
        {
            LogNotSeenThrough(fault, campaignId);   // the next sweep calls it again
            return null;
        }
    }

    private async Task Store()
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Campaign {Campaign} could not be seen through")]
    private partial void LogNotSeenThrough(Exception fault, string campaign);
}
