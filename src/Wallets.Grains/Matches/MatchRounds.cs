using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Wallets.Grains.Matches;

/// <summary>The matches under way: no creator is in two, and each goes on wherever its silo dies. One for the cluster; called every second.</summary>
[Alias("match-rounds")]
internal interface IMatchRounds : IGrainWithStringKey
{
    const string Key = "matches";

    /// <summary>Stores that a match is under way; refused if one of its creators is in another. Interleaves, because a match asks it while it is being asked.</summary>
    [AlwaysInterleave, Alias("enter")] Task<Refusal?> Enter(Guid match, string[] creators);

    [Alias("run")] Task Run();
}

/// <summary>A match as the rounds see it. The match grain answers.</summary>
[Alias("match-work")]
internal interface IMatchWork : IGrainWithGuidKey
{
    /// <summary>Does what is due; false once nothing ever will be again.</summary>
    [Alias("work")] Task<bool> Work();
}

[GenerateSerializer, Alias("match-rounds-state")]
internal sealed class MatchRoundsState
{
    /// <summary>The creators of each match under way.</summary>
    [Id(0)] public Dictionary<Guid, string[]> Open { get; set; } = [];
}

internal sealed partial class MatchRounds([PersistentState("match-rounds")] IPersistentState<MatchRoundsState> state, ILogger<MatchRounds> logger) : Grain, IMatchRounds
{
    private const int MostOpen = 10_000;

    private Dictionary<Guid, string[]> Open => state.State.Open;

    public async Task<Refusal?> Enter(Guid match, string[] creators)
    {
        if (Open.FirstOrDefault(open => open.Key != match && open.Value.Intersect(creators).Any()) is { Value: not null } other)
            return new Refusal(Refusal.MatchUnderWay, $"One of the creators is in match {other.Key}.");
        if (Open.Count >= MostOpen) throw new OverloadedException();
        if (Open.TryAdd(match, creators)) await Store();
        return null;
    }

    public async Task Run()
    {
        var over = await Task.WhenAll(Open.Keys.ToList().Select(async match => (Match: match, IsOver: await IsOver(match))));
        var before = Open.Count;
        foreach (var (match, isOver) in over)
            if (isOver) Open.Remove(match);
        if (Open.Count < before) await Store();
    }

    private async Task<bool> IsOver(Guid match)
    {
        try
        {
            return !await GrainFactory.GetGrain<IMatchWork>(match).Work();
        }
        catch (Exception fault)
        {
            LogNotWorked(fault, match);   // the next round tries again
            return false;
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

    [LoggerMessage(LogLevel.Warning, "Match {Match} did not go on")]
    private partial void LogNotWorked(Exception fault, Guid match);
}
