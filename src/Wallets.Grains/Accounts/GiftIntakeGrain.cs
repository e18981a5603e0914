using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Brings a front end's gifts to their wallets: handed over to those that are active on this silo, as calls to others. It owns nothing: a gift
/// or an answer that it loses is one that the front end asks for again, with the same key.
/// </summary>
[StatelessWorker, Reentrant]
internal sealed class GiftIntakeGrain(IGrainFactory grains, LocalWallets localWallets, IOptions<GrainsOptions> options, ILogger<GiftIntakeGrain> logger) : Grain, IGiftIntake
{
    /// <summary>Gifts whose sender has recorded its trace go on in it.</summary>
    public static readonly ActivitySource Traces = new("Wallets");

    private readonly Dictionary<IGiftAnswers, GiftOutbox> _outboxes = [];
    private readonly KnownGrains<IWalletGrain> _wallets = new(grains);
    private readonly bool _areAllCalls = options.Value.GiftsAreCalls;

    public Task Take(GiftCall[] gifts, IGiftAnswers answers)
    {
        var outbox = OutboxOf(answers);
        outbox.Expect(gifts.Length);
        using var apart = ExecutionContext.SuppressFlow();   // each gift is its sender's
        Action<GiftCall, GiftOutbox> giveBack = CallApart;
        foreach (var gift in gifts)
        {
            if (!_areAllCalls && gift.Trace is null && localWallets.Find(gift.UserId) is { } wallet) new LocalGift(gift, wallet, localWallets.Filters, outbox, giveBack).Hand();
            else _ = Call(gift, outbox);   // never throws
        }
        return Task.CompletedTask;
    }

    /// <summary>Not from a wallet that goes.</summary>
    private void CallApart(GiftCall gift, GiftOutbox outbox)
    {
        using var apart = ExecutionContext.SuppressFlow();
        Task.Run(() => Call(gift, outbox));
    }

    private async Task Call(GiftCall gift, GiftOutbox outbox)
    {
        GiftAnswer answer;
        using (gift.Trace is null ? null : Traces.StartActivity("gift", ActivityKind.Server, gift.Trace))
        {
            try
            {
                answer = new(gift.Id, await _wallets[gift.UserId].SendGift(gift.Caller, gift.Order), null);
            }
            catch (Exception fault)
            {
                answer = new(gift.Id, default, fault);
            }
        }
        outbox.Add(answer);
    }

    /// <summary>Where a new front end comes, those that nothing is owed to make room.</summary>
    private GiftOutbox OutboxOf(IGiftAnswers answers)
    {
        if (_outboxes.TryGetValue(answers, out var known)) return known;
        foreach (var (frontEnd, outbox) in _outboxes)
            if (outbox.IsEmpty) _outboxes.Remove(frontEnd);
        return _outboxes[answers] = new(answers, logger);
    }
}
