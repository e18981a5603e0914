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

/// <summary>Of each match under way it knows the creators.</summary>
internal sealed partial class MatchRounds(
    [PersistentState("match-rounds")] IPersistentState<RoundsState<string[]>> state, ILogger<MatchRounds> logger) : RoundsGrain<string[]>(state), IMatchRounds
{
    private const int MostOpen = 10_000;

    public async Task<Refusal?> Enter(Guid match, string[] creators)
    {
        if (Open.FirstOrDefault(open => open.Key != match && open.Value.Intersect(creators).Any()) is { Value: not null } other)
            return new Refusal(Refusal.MatchUnderWay, $"One of the creators is in match {other.Key}.");
        if (Open.Count >= MostOpen) throw new OverloadedException();
        await Add(match, creators);
        return null;
    }

    public Task Run() => AskAll();

    protected override async Task<bool> IsOver(Guid id) => !await GrainFactory.GetGrain<IMatchWork>(id).Work();

    protected override void LogNotAsked(Exception fault, Guid id) => LogNotWorked(fault, id);

    [LoggerMessage(LogLevel.Warning, "Match {Match} did not go on")]
    private partial void LogNotWorked(Exception fault, Guid match);
}
