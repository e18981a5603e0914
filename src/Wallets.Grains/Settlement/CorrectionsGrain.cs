using Microsoft.Extensions.Logging;
using Wallets.Grains.Accounts;
using Wallets.Ledger;

namespace Wallets.Grains.Settlement;

/// <summary>Takes refunded gifts back from their creators and gives restored ones back to them. One for the cluster; called every second.</summary>
[Alias("corrections")]
internal interface ICorrectionsGrain : IGrainWithStringKey
{
    const string Key = "corrections";

    [Alias("settle")] Task Settle();
}

[GenerateSerializer, Alias("corrections-state")]
internal sealed class CorrectionsState
{
    /// <summary>Every refunded or restored gift recorded before this time has its other side.</summary>
    [Id(0)] public DateTimeOffset SettledUpTo { get; set; } = DateTimeOffset.UnixEpoch;
}

/// <summary>
/// The only way of a refunded gift to its creator, as they are rare: what the ledger shows without its other side is delivered until it
/// has one. Apart from the settlement of gifts, which a refund of a thousand gifts must not hold up. An old watermark only makes the
/// scan longer.
/// </summary>
internal sealed partial class CorrectionsGrain(
    [PersistentState("corrections")] IPersistentState<CorrectionsState> state, IWorklist worklist, TimeProvider time, ILogger<CorrectionsGrain> logger) : Grain, ICorrectionsGrain
{
    private const int PageSize = 10_000;
    private const int MaxBatch = 1_000;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan StoreInterval = TimeSpan.FromMinutes(1);

    /// <summary>Longer than any writer's transaction and than any clock is wrong.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(11);

    private readonly HashSet<string> _underWay = [];
    private DateTimeOffset _scannedAt;
    private DateTimeOffset _storedAt;

    public async Task Settle()
    {
        var now = time.GetUtcNow();
        if (now - _scannedAt < ShortestPause) return;
        _scannedAt = now;

        var open = await worklist.FindUnsettledCorrections(state.State.SettledUpTo, PageSize);
        var deliveries = open.GroupBy(correction => correction.CreatorId).Where(corrections => _underWay.Add(corrections.Key)).Select(corrections => Deliver(corrections.Key, corrections)).ToList();
        await Task.WhenAny(Task.WhenAll(deliveries), Task.Delay(ShortestPause, time));   // a creator who does not answer holds up nobody else

        var settledUpTo = (open.Count > 0 && open[0].Debit.RecordedAt < now ? open[0].Debit.RecordedAt : now) - LookBack;
        if (settledUpTo > state.State.SettledUpTo) state.State.SettledUpTo = settledUpTo;
        if (now - _storedAt >= StoreInterval)
        {
            _storedAt = now;
            await Store();
        }
    }

    private async Task Deliver(string creatorId, IEnumerable<UnsettledGift> corrections)
    {
        try
        {
            foreach (var batch in corrections.Chunk(MaxBatch))
                await GrainFactory.GetGrain<ICreditReceiver>(creatorId).Correct([.. batch.Select(correction => Correction.Of(correction.Debit))]);
        }
        catch (Exception fault)
        {
            LogNotDelivered(fault, creatorId);   // the next scan finds what is left
        }
        finally
        {
            _underWay.Remove(creatorId);
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
            DeactivateOnIdle();   // another activation has written
            throw;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Refunded gifts are not taken back from {Creator} yet")]
    private partial void LogNotDelivered(Exception fault, string creator);
}
