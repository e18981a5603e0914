using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Wallets.Ledger;

namespace Wallets.Grains.Settlement;

/// <summary>Finds gifts whose credit was lost and delivers it again. One grain per ledger database; key 0.</summary>
[Alias("settlement")]
internal interface ISettlementGrain : IGrainWithIntegerKey
{
    const long Key = 0;

    /// <summary>Scans and redelivers once, unless it has just done so.</summary>
    [Alias("settle")] Task Settle();

    /// <summary>Leaves the gifts recorded from a time on to a silo that still has credits of theirs to deliver. Holds for two seconds, unless it is said anew.</summary>
    [AlwaysInterleave, Alias("leave-to")] Task LeaveTo(SiloAddress silo, DateTimeOffset from);
}

[GenerateSerializer, Alias("settlement-state")]
internal sealed class SettlementState
{
    /// <summary>Every debit recorded before this time is settled, but those of the creators set aside.</summary>
    [Id(0)] public DateTimeOffset Watermark { get; set; }

    /// <summary>Creators whose account takes no credits for now, and since when their gifts are unsettled.</summary>
    [Id(1)] public Dictionary<string, DateTimeOffset> SetAside { get; set; } = [];
}

/// <summary>
/// Looks for debits without credit from the watermark on and delivers their credits again, flagged. It looks at a gift when its own
/// silo has had the grace to deliver it, and so at nearly every gift just once. A silo that lives and is late is left its gifts: to bring them
/// as well, and to have them looked up, would make it later. The watermark passes neither an
/// unsettled debit nor the ledger's horizon, before which no debit can appear any more. A creator who cannot be credited is set
/// aside and tried apart, so that one broken account holds up nobody else. The state is stored now and then: an old one only
/// makes the next scan longer.
/// </summary>
internal sealed partial class SettlementGrain(
    [PersistentState("settlement")] IPersistentState<SettlementState> state,
    IWorklist worklist,
    GiftMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<SettlementGrain> logger) : Grain, ISettlementGrain
{
    private const int PageSize = 10_000;
    private const int MostPagesAtOnce = 20;
    private const int MaxBatch = 1_000;

    /// <summary>From the end of one scan to the next. Less than it is called in.</summary>
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(900);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StoreInterval = TimeSpan.FromSeconds(30);

    /// <summary>For a transaction that had begun and did not show yet when the horizon was read.</summary>
    private static readonly TimeSpan HorizonMargin = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo's word holds: several times from one to the next, and no longer than a dead one's gifts would wait anyway.</summary>
    private static readonly TimeSpan LeftFor = TimeSpan.FromSeconds(2);

    /// <summary>At first, and when the database's clock was set back, the scan looks back this far.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(11);

    private DateTimeOffset _watermark = DateTimeOffset.UnixEpoch;
    private DateTimeOffset _restsUntil;
    private DateTimeOffset _horizon = DateTimeOffset.UnixEpoch;
    private bool _looksBack = true;
    private DateTimeOffset _storedAt;
    private readonly Dictionary<string, (DateTimeOffset Due, TimeSpan Pause)> _retries = [];
    private readonly Dictionary<SiloAddress, (DateTimeOffset From, DateTimeOffset Until)> _left = [];

    private TimeSpan Grace => options.Value.SettlementGrace;
    private Dictionary<string, DateTimeOffset> SetAside => state.State.SetAside;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.Watermark > _watermark) _watermark = state.State.Watermark;
        return Task.CompletedTask;
    }

    public async Task Settle()
    {
        var now = time.GetUtcNow();
        if (now < _restsUntil) return;
        try
        {
            await Scan(now);
        }
        finally
        {
            // A scan that is slow, because the database is, is not followed by the next at once.
            var end = time.GetUtcNow();
            _restsUntil = end + TimeSpan.FromTicks(Math.Clamp((end - now).Ticks, ShortestRest.Ticks, LongestRest.Ticks));
        }
    }

    public Task LeaveTo(SiloAddress silo, DateTimeOffset from)
    {
        _left[silo] = (from, time.GetUtcNow() + LeftFor);
        return Task.CompletedTask;
    }

    private async Task Scan(DateTimeOffset now)
    {
        var since = _watermark;
        if (_looksBack && since > DateTimeOffset.UnixEpoch + LookBack) since -= LookBack;
        (_watermark, var horizon) = await SettleBetween(since, LeftFrom(now));
        // A horizon only ever advances, but for what had begun and did not show yet.
        _looksBack = horizon < _horizon - HorizonMargin;
        _horizon = horizon;
        await TrySetAside(now);
        if (now - _storedAt >= StoreInterval)
        {
            _storedAt = now;
            await Store();
        }
    }

    /// <summary>From when on gifts are left to a silo that lives.</summary>
    private DateTimeOffset LeftFrom(DateTimeOffset now)
    {
        var from = DateTimeOffset.MaxValue;
        foreach (var (silo, left) in _left)
        {
            if (left.Until < now) _left.Remove(silo);
            else if (left.From < from) from = left.From;
        }
        var longest = _horizon - options.Value.LongestSettlementGrace;
        return from > longest ? from : longest;
    }

    /// <summary>Redelivers page by page, and gives the time up to which everything but what was set aside is settled, and the ledger's horizon.</summary>
    private async Task<(DateTimeOffset SettledUpTo, DateTimeOffset Horizon)> SettleBetween(DateTimeOffset since, DateTimeOffset before)
    {
        for (var page = 1; ; page++)
        {
            var scan = await worklist.FindUnsettled(since, before, Grace, PageSize, SetAside.Keys);
            var settledUpTo = scan.Horizon - (Grace > HorizonMargin ? Grace : HorizonMargin);
            if (before < settledUpTo && since < settledUpTo) settledUpTo = before > since ? before : since;
            var oldest = scan.Gifts.Count > 0 ? scan.Gifts[0].Debit.RecordedAt : settledUpTo;
            if (page == 1) metrics.Overdue(scan.Gifts.Count, scan.Gifts.Count > 0 && scan.Horizon > oldest ? scan.Horizon - oldest : TimeSpan.Zero);

            await Task.WhenAll(scan.Gifts.GroupBy(gift => gift.CreatorId).Select(async gifts =>
            {
                if (!await Redeliver(gifts.Key, gifts)) SetAside.TryAdd(gifts.Key, gifts.First().Debit.RecordedAt);
            }));
            if (scan.Gifts.Count == PageSize && page < MostPagesAtOnce) continue;

            return (oldest < settledUpTo ? oldest : settledUpTo, scan.Horizon);
        }
    }

    /// <summary>Soon at first, as a creator whose silo has just died is back in a second, then less and less often. One scan for all of them: it looks at everybody's gifts of the time.</summary>
    private async Task TrySetAside(DateTimeOffset now)
    {
        var due = SetAside.Keys.Where(creatorId => !_retries.TryGetValue(creatorId, out var retry) || now >= retry.Due).ToList();
        if (due.Count == 0) return;
        var since = due.Min(creatorId => SetAside[creatorId]);
        for (var page = 1; due.Count > 0 && page <= MostPagesAtOnce; page++)
        {
            var scan = await worklist.FindUnsettled(since, DateTimeOffset.MaxValue, Grace, PageSize, [], due);
            await Task.WhenAll(scan.Gifts.GroupBy(gift => gift.CreatorId).Select(async gifts =>
            {
                if (await Redeliver(gifts.Key, gifts)) return;
                due.Remove(gifts.Key);
                var pause = _retries.TryGetValue(gifts.Key, out var retry) ? retry.Pause : FirstRetry;
                _retries[gifts.Key] = (now + pause, pause * 2 < options.Value.SetAsideInterval ? pause * 2 : options.Value.SetAsideInterval);
            }));
            if (scan.Gifts.Count == PageSize) continue;

            foreach (var creatorId in due)   // what came meanwhile is younger than the watermark or was just delivered
            {
                _retries.Remove(creatorId);
                SetAside.Remove(creatorId);
            }
            return;
        }
    }

    private async Task<bool> Redeliver(string creatorId, IEnumerable<UnsettledGift> gifts)
    {
        var receiver = GrainFactory.GetGrain<ICreditReceiver>(creatorId);
        foreach (var batch in gifts.Chunk(MaxBatch))
        {
            try
            {
                metrics.Redelivered(batch.Length);
                await receiver.Receive([.. batch.Select(gift => Credit.Of(gift.Debit, gift.UserId))], redelivered: true);
                LogRedelivered(batch.Length, creatorId);
            }
            catch (Exception fault)
            {
                LogNotRedelivered(fault, batch.Length, creatorId);
                return false;
            }
        }
        return true;
    }

    private async Task Store()
    {
        try
        {
            state.State.Watermark = _watermark;
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    [LoggerMessage(LogLevel.Information, "Redelivered {Credits} credits for {Creator}")]
    private partial void LogRedelivered(int credits, string creator);

    [LoggerMessage(LogLevel.Warning, "{Credits} credits for {Creator} could not be redelivered; the creator is set aside and tried again")]
    private partial void LogNotRedelivered(Exception fault, int credits, string creator);
}
