using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wallets.Ledger;

namespace Wallets.Grains.Settlement;

/// <summary>Finds gifts whose credit was lost and delivers it again. One grain per ledger database; key 0.</summary>
[Alias("settlement")]
internal interface ISettlementGrain : IGrainWithIntegerKey
{
    const long Key = 0;

    /// <summary>Scans and redelivers once, unless it did within the last second.</summary>
    [Alias("settle")] Task Settle();
}

[GenerateSerializer, Alias("settlement-state")]
internal sealed class SettlementState
{
    /// <summary>Every debit recorded before this time is settled.</summary>
    [Id(0)] public DateTimeOffset Watermark { get; set; }
}

/// <summary>
/// Looks for debits without credit from the watermark on. The watermark passes neither an unsettled debit nor the ledger's
/// horizon, before which no debit can appear any more. It is stored now and then: an old one only makes the scan longer.
/// </summary>
internal sealed partial class SettlementGrain(
    [PersistentState("settlement")] IPersistentState<SettlementState> state,
    ILedger ledger,
    GiftMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<SettlementGrain> logger) : Grain, ISettlementGrain
{
    private const int MostAtOnce = 10_000;
    private const int MaxBatch = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StoreInterval = TimeSpan.FromSeconds(30);

    /// <summary>A new activation looks back this far, in case the database's clock was set back.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(1);

    private DateTimeOffset _watermark;
    private DateTimeOffset _scannedAt;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _watermark = state.State.Watermark > DateTimeOffset.UnixEpoch ? state.State.Watermark - LookBack : DateTimeOffset.UnixEpoch;
        return Task.CompletedTask;
    }

    public async Task Settle()
    {
        var now = time.GetUtcNow();
        if (now - _scannedAt < Interval / 2) return;
        _scannedAt = now;

        var scan = await ledger.FindUnsettled(_watermark, MostAtOnce);
        var oldest = scan.Gifts.Count > 0 ? scan.Gifts[0].Debit.RecordedAt : scan.Horizon;
        _watermark = oldest < scan.Horizon ? oldest : scan.Horizon;
        metrics.InFlight(scan.Gifts.Count, scan.Horizon > oldest ? scan.Horizon - oldest : TimeSpan.Zero);

        var due = scan.Gifts.Where(gift => gift.Debit.RecordedAt < scan.Horizon - options.Value.SettlementGrace);
        await Task.WhenAll(due.GroupBy(gift => gift.CreatorId).Select(Redeliver));
        await StoreWatermark();
    }

    private async Task Redeliver(IGrouping<string, UnsettledGift> gifts)
    {
        var receiver = GrainFactory.GetGrain<ICreditReceiver>(gifts.Key);
        foreach (var batch in gifts.Chunk(MaxBatch))
        {
            try
            {
                metrics.Redelivered(batch.Length);
                await receiver.Receive([.. batch.Select(gift => Credit.Of(gift.Debit, gift.UserId))], redelivered: true);
                LogRedelivered(batch.Length, gifts.Key);
            }
            catch (Exception fault)
            {
                LogNotRedelivered(fault, batch.Length, gifts.Key);   // the watermark stays before them: the next scan finds them again
                return;
            }
        }
    }

    private async Task StoreWatermark()
    {
        if (_watermark - state.State.Watermark < StoreInterval) return;
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

    [LoggerMessage(LogLevel.Warning, "{Credits} credits for {Creator} could not be redelivered yet")]
    private partial void LogNotRedelivered(Exception fault, int credits, string creator);
}

/// <summary>Calls settlement once a second from every silo, so that it runs again wherever its silo has died.</summary>
internal sealed partial class SettlementClock(IGrainFactory grains, TimeProvider time, ILogger<SettlementClock> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await NextTick(ticks, stoppingToken))
        {
            try
            {
                await grains.GetGrain<ISettlementGrain>(ISettlementGrain.Key).Settle();
            }
            catch (Exception fault)
            {
                LogNotSettled(fault);   // the next tick tries again
            }
        }
    }

    private static async Task<bool> NextTick(PeriodicTimer ticks, CancellationToken stoppingToken)
    {
        try
        {
            return await ticks.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Settlement did not run")]
    private partial void LogNotSettled(Exception fault);
}
