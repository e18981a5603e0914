using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Asks the wallets of a front end's gifts, and tells it their answers: those that come while earlier ones are on their way, or within a
/// few milliseconds of them, go together. It owns nothing: an answer that it loses is one that the front end asks for again, with the same key.
/// </summary>
[StatelessWorker, Reentrant]
internal sealed partial class GiftIntakeGrain(IGrainFactory grains, ILogger<GiftIntakeGrain> logger) : Grain, IGiftIntake
{
    /// <summary>Gifts whose sender has recorded its trace go on in it.</summary>
    public static readonly ActivitySource Traces = new("Wallets");

    /// <summary>As front ends send in rounds, so they are answered.</summary>
    private static readonly TimeSpan BetweenTellings = TimeSpan.FromMilliseconds(4);

    private readonly Dictionary<IGiftAnswers, Outbox> _outboxes = [];
    private readonly KnownGrains<IWalletGrain> _wallets = new(grains);

    public Task Take(GiftCall[] gifts, IGiftAnswers answers)
    {
        if (!_outboxes.TryGetValue(answers, out var outbox)) _outboxes[answers] = outbox = new();
        outbox.Open += gifts.Length;
        foreach (var gift in gifts) _ = Ask(gift, answers, outbox);   // never throws
        return Task.CompletedTask;
    }

    private async Task Ask(GiftCall gift, IGiftAnswers answers, Outbox outbox)
    {
        var activity = gift.Trace is null ? null : Traces.StartActivity("gift", ActivityKind.Server, gift.Trace);
        try
        {
            var outcome = await _wallets[gift.UserId].SendGift(gift.Caller, gift.Order);
            outbox.Ready.Add(new(gift.Id, outcome, null));
        }
        catch (Exception fault)
        {
            outbox.Ready.Add(new(gift.Id, default, fault));
        }
        activity?.Dispose();   // telling is not this gift's alone
        if (!outbox.IsTelling) await Tell(answers, outbox);
    }

    private async Task Tell(IGiftAnswers answers, Outbox outbox)
    {
        outbox.IsTelling = true;
        while (outbox.Ready.Count > 0)
        {
            await outbox.Pause;
            await Task.Yield();   // what has been answered already comes along
            outbox.Pause = Task.Delay(BetweenTellings);
            GiftAnswer[] ready = [.. outbox.Ready];
            outbox.Ready.Clear();
            outbox.Open -= ready.Length;
            try
            {
                await answers.Hear(ready);
            }
            catch (Exception fault)
            {
                LogNotTold(fault, ready.Length);
            }
        }
        outbox.IsTelling = false;
        if (outbox.Open == 0) _outboxes.Remove(answers);
    }

    [LoggerMessage(LogLevel.Warning, "{Gifts} answers did not reach their front end, which will ask again")]
    private partial void LogNotTold(Exception fault, int gifts);

    /// <summary>What one front end is to be told.</summary>
    private sealed class Outbox
    {
        public List<GiftAnswer> Ready { get; } = [];
        public bool IsTelling { get; set; }
        public Task Pause { get; set; } = Task.CompletedTask;

        /// <summary>Gifts that are not answered, or not told.</summary>
        public int Open { get; set; }
    }
}
