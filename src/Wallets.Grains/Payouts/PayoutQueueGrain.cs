using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Wallets.Ledger;

namespace Wallets.Grains.Payouts;

/// <summary>The queue as the cluster's clock and the accounts call it. Key: <see cref="IPayoutQueueGrain.Key"/>.</summary>
[Alias("payout-rounds")]
internal interface IPayoutRounds : IGrainWithStringKey
{
    /// <summary>Looks for open payouts and sets to work on those that are due. Waits for none of them.</summary>
    [Alias("run")] Task Run();

    /// <summary>There is something to do for a payout, now.</summary>
    [OneWay, Alias("add")] Task Add(PayoutId id);
}

[GenerateSerializer, Alias("payout-queue-state")]
internal sealed class PayoutQueueState
{
    /// <summary>Every payout reserved before this time has ended.</summary>
    [Id(0)] public DateTimeOffset Watermark { get; set; }
}

/// <summary>
/// Knows every payout that has not ended and sees to it that each is worked on, a few at a time. It owns nothing that matters: the ledger
/// says which payouts are open, so whatever this grain forgets, or never heard of, it finds again. The stored watermark only keeps
/// the first look short.
/// </summary>
internal sealed partial class PayoutQueueGrain(
    [PersistentState("payout-queue")] IPersistentState<PayoutQueueState> state,
    ILedger ledger,
    PayoutMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<PayoutQueueGrain> logger) : Grain, IPayoutQueueGrain, IPayoutRounds
{
    private const int PageSize = 10_000;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan ScanInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StoreInterval = TimeSpan.FromMinutes(5);

    /// <summary>Longer than a commit may take to show, and than a database's clock is likely to be set back.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromHours(1);

    private sealed class OpenOne(DateTimeOffset since)
    {
        public DateTimeOffset Since { get; } = since;
        public DateTimeOffset DueAt { get; set; }
        public bool IsWorkedOn { get; set; }

        /// <summary>Something came up while it was worked on.</summary>
        public bool IsDueAgain { get; set; }

        public PayoutCase? Case { get; set; }
    }

    private readonly Dictionary<PayoutId, OpenOne> _open = [];

    /// <summary>When to look at which; one whose time has changed stands here twice, and the wrong time does nothing.</summary>
    private readonly PriorityQueue<PayoutId, DateTimeOffset> _due = new();

    private DateTimeOffset? _ledgerTime;
    private DateTimeOffset _ranAt, _scannedAt, _storedAt;
    private int _working;
    private bool _isOver;

    /// <summary>What is worked on comes to its end; nothing new is begun here, the next activation finds it.</summary>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _isOver = true;
        return Task.CompletedTask;
    }

    public async Task Run()
    {
        var now = time.GetUtcNow();
        if (now - _ranAt < ShortestPause) return;
        _ranAt = now;
        if (now - _scannedAt >= ScanInterval) await Scan();
        StartWhatIsDue();
        metrics.Open(_open.Values.Where(open => open.Case is not null).Select(open => open.Case!), now);
        if (now - _storedAt >= StoreInterval) await StoreWatermark(now);
    }

    public Task Add(PayoutId id)
    {
        Know(id, time.GetUtcNow());
        var open = _open[id];
        if (open.IsWorkedOn) open.IsDueAgain = true;
        else SetDue(id, open, default);
        StartWhatIsDue();
        return Task.CompletedTask;
    }

    public async Task<Outcome<Page<PayoutCase>>> GetOpen(Caller caller, string? status, string? after, int limit)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        if (_ledgerTime is null) await Scan();
        var found = _open.Values.Select(open => open.Case).OfType<PayoutCase>()
            .Where(payout => status is null || payout.Status == status)
            .OrderBy(Place, StringComparer.Ordinal)
            .Where(payout => after is null || string.CompareOrdinal(Place(payout), after) > 0)
            .Take(limit + 1).ToArray();
        return found.Length > limit ? new Page<PayoutCase>(found[..limit], Place(found[limit - 1])) : new Page<PayoutCase>(found, null);
    }

    public async Task<Outcome<Page<PayoutCase>>> GetEnded(Caller caller, string status, string? after, int limit)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        var ended = await ledger.FindEndedPayouts(status == Payout.Paid ? EntryKind.PayoutPaid : EntryKind.PayoutReturned, PlaceOf(after), limit);
        var cases = await Task.WhenAll(ended.Select(async payout => (await GrainFactory.GetGrain<IPayoutGrain>(payout.Key, payout.CreatorId).GetCase(caller)).Value!));
        return new Page<PayoutCase>(cases, ended.Count == limit ? CursorOf(ended[^1].End) : null);
    }

    private static string CursorOf(EntryPlace place) => string.Create(CultureInfo.InvariantCulture, $"{place.RecordedAt.UtcTicks}~{place.AccountId}~{place.Seq}");

    private static EntryPlace PlaceOf(string? cursor) =>
        cursor?.Split('~') is [var ticks, var account, var seq] && IsNumber(ticks, out var at) && at <= DateTimeOffset.MaxValue.UtcTicks && IsNumber(account, out var accountId) && IsNumber(seq, out var number)
            ? new(new DateTimeOffset(at, TimeSpan.Zero), accountId, number)
            : EntryPlace.Last;

    private static bool IsNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static Refusal OperatorsOnly => new(Refusal.Forbidden, "The queue of payouts is for operators.");

    private static string Place(PayoutCase payout) => string.Create(CultureInfo.InvariantCulture, $"{payout.RequestedAt.UtcTicks:D19}-{payout.Key:N}");

    /// <summary>The first scan of an activation reads all there is from the watermark on, later ones what came lately.</summary>
    private async Task Scan()
    {
        var now = await ledger.ReadClock(default);
        var since = _ledgerTime is { } last ? last - LookBack : state.State.Watermark;
        for (var limit = PageSize; ;)
        {
            var found = await ledger.FindOpenPayouts(since, limit);
            foreach (var payout in found) Know(new(payout.CreatorId, payout.Key), payout.ReservedAt);
            if (found.Count < limit)
            {
                (_ledgerTime, _scannedAt) = (now, time.GetUtcNow());
                return;
            }
            if (found[^1].ReservedAt == since) limit *= 2;   // so many of one flush
            since = found[^1].ReservedAt;
        }
    }

    private void Know(PayoutId id, DateTimeOffset since)
    {
        var open = new OpenOne(since);
        if (_open.TryAdd(id, open)) SetDue(id, open, default);
    }

    private void SetDue(PayoutId id, OpenOne open, DateTimeOffset dueAt)
    {
        open.DueAt = dueAt;
        _due.Enqueue(id, dueAt);
    }

    private void StartWhatIsDue()
    {
        var now = time.GetUtcNow();
        while (!_isOver && _working < options.Value.Payouts.AtOnce && _due.TryPeek(out var id, out var dueAt) && dueAt <= now)
        {
            _due.Dequeue();
            if (!_open.TryGetValue(id, out var open) || open.IsWorkedOn || open.DueAt != dueAt) continue;
            open.IsWorkedOn = true;
            _working++;
            _ = WorkOn(id, open);   // in this grain's turns; its failures are tried again
        }
    }

    private async Task WorkOn(PayoutId id, OpenOne open)
    {
        DateTimeOffset dueAt;
        try
        {
            open.Case = await GrainFactory.GetGrain<IPayoutWork>(id.Key, id.CreatorId).Advance();
            dueAt = open.Case?.NextAt ?? time.GetUtcNow() + options.Value.Payouts.AskAtMostEvery;
            if (open.Case is null or { EndedAt: not null }) _open.Remove(id);
        }
        catch (Exception fault)
        {
            LogNotAdvanced(fault, id.Key, id.CreatorId);
            dueAt = time.GetUtcNow() + options.Value.Payouts.AskAgainAfter;
        }
        SetDue(id, open, open.IsDueAgain ? default : dueAt);
        (open.IsWorkedOn, open.IsDueAgain) = (false, false);
        _working--;
        StartWhatIsDue();

        var wait = open.DueAt - time.GetUtcNow();
        if (wait <= TimeSpan.Zero || wait >= ShortestPause) return;
        await Task.Delay(wait, time);   // due before the clock calls again
        StartWhatIsDue();
    }

    private async Task StoreWatermark(DateTimeOffset now)
    {
        if (_ledgerTime is not { } ledgerTime) return;
        _storedAt = now;
        var watermark = _open.Values.Select(open => open.Since).Append(ledgerTime).Min() - LookBack;
        if (watermark <= state.State.Watermark) return;
        try
        {
            state.State.Watermark = watermark;
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Payout {Key} of {Creator} could not be worked on; it is tried again")]
    private partial void LogNotAdvanced(Exception fault, Guid key, string creator);
}
