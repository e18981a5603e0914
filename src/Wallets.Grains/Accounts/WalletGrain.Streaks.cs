using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Streaks: running totals of which only the difference to what has been charged is charged, as a gift like any other. What has been
/// charged is what the entries say; memory holds it for the latest streaks only, and is right as long as this activation may append at
/// all. A charge's key is derived from streak and total, so nothing is charged twice even if memory were wrong.
/// </summary>
internal sealed partial class WalletGrain
{
    private const int StreaksRemembered = 8;

    /// <summary>The latest last; made when the first streak comes.</summary>
    private List<KnownStreak>? _streaks;

    /// <param name="IsOver">The viewer said so. Not kept: without it the streak ends once it is quiet.</param>
    private readonly record struct KnownStreak(ChargedStreak Charged, bool IsOver)
    {
        public int Total => Charged.Last.Detail!.StreakTotal!.Value;
    }

    public async Task<Outcome<Streak>> SendStreak(Caller caller, StreakOrder order)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Refuse(NotTheirs);
        if (order.Total is < 1 or > GiftOrder.MaxQuantity) return Refuse(new(Refusal.InvalidQuantity, $"A streak's total is between 1 and {GiftOrder.MaxQuantity}."));

        // 1
        var known = Recall(order.StreakId) ?? await ReadStreak(order.StreakId);
        if (known is { } streak && !IsOf(streak, order)) return Refuse(StreakReused(order));
        if (order.Total <= known?.Total) return await Replay(order, known.Value);
        if (known is { } quiet && IsOver(quiet)) return await RefuseUnlessCharged(order, new(Refusal.StreakEnded, $"The streak has ended at {quiet.Total}; begin another one for what is more."));

        // 2
        if (State.HasExpired(Now)) await Expire();
        var terms = await published.GetTerms();
        var stream = await streams.Find(order.StreamId);
        var due = new GiftOrder(KeyOf(order), order.StreamId, order.GiftId, order.Total - (known?.Total ?? 0), order.Price);
        var decision = WalletDecisions.SendGift(AccountId ?? 0, State, Name, due, stream, terms, _options.Limits, _options.Refunds.FlaggedHoldDays, Now, await SenderOf(caller, due, stream, terms));
        if (decision.Refusal is { } refusal) return await RefuseUnlessCharged(order, refusal);

        // 3
        var debit = decision.Entry! with { Detail = (decision.Entry.Detail ?? new EntryDetail()) with { Streak = order.StreakId, StreakTotal = order.Total } };
        var appended = await Append(debit);
        if (!appended.IsCommitted)
            return await ReadStreak(order.StreakId) is { } unseen && order.Total <= unseen.Total ? await Replay(order, unseen) : Refuse(StreakReused(order));

        // 5, which nobody waits for, and 4
        relay.Hand(stream!.CreatorId, debit, Name);
        metrics.Sent(-debit.Amount);
        var charged = Remember(new(new(debit, (known?.Charged.Coins ?? 0) - debit.Amount), order.Ends));
        return Shown(charged, stream.CreatorId);
    }

    public async Task<Outcome<Streak>> GetStreak(Caller caller, Guid streakId)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Refuse(NotTheirs);
        if (AccountId is not { } accountId || await _ledger.FindStreak(accountId, streakId) is not { } charged)
            return new Refusal(Refusal.UnknownTransfer, $"This wallet has been charged nothing for streak {streakId}.");
        await UntilFolded(charged.Last.Seq);
        return Shown(new(charged, Recall(streakId)?.IsOver ?? false), await NameOf(charged.Last.Counterparty));
    }

    private async Task<Outcome<Streak>> Replay(StreakOrder order, KnownStreak known)
    {
        if (!IsOf(known, order)) return Refuse(StreakReused(order));
        if (order.Ends && order.Total == known.Total) known = Remember(known with { IsOver = true });
        return Outcome.Replayed(Shown(known, await NameOf(known.Charged.Last.Counterparty)));
    }

    /// <summary>This activation may be stale; what the ledger holds is the answer before any refusal is.</summary>
    private async Task<Outcome<Streak>> RefuseUnlessCharged(StreakOrder order, Refusal refusal) =>
        await ReadStreak(order.StreakId) is { } unseen && order.Total <= unseen.Total ? await Replay(order, unseen) : Refuse(refusal);

    private KnownStreak? Recall(Guid streakId)
    {
        foreach (var known in _streaks ?? [])
            if (known.Charged.Last.Detail!.Streak == streakId) return known;
        return null;
    }

    private async Task<KnownStreak?> ReadStreak(Guid streakId)
    {
        if (AccountId is not { } accountId || await _ledger.FindStreak(accountId, streakId) is not { } charged) return null;
        return Remember(new(charged, Recall(streakId)?.IsOver ?? false));
    }

    private KnownStreak Remember(KnownStreak known)
    {
        _streaks ??= [];
        _streaks.RemoveAll(other => other.Charged.Last.Detail!.Streak == known.Charged.Last.Detail!.Streak);
        if (_streaks.Count == StreaksRemembered) _streaks.RemoveAt(0);
        _streaks.Add(known);
        return known;
    }

    private bool IsOver(KnownStreak streak) => streak.IsOver || Now - streak.Charged.Last.RecordedAt > _options.StreakQuietTime;

    private static bool IsOf(KnownStreak known, StreakOrder order) => known.Charged.Last.Gift is { } gift && gift.StreamId == order.StreamId && gift.GiftId == order.GiftId;

    private static Guid KeyOf(StreakOrder order) => DerivedKey.Of("streak", $"{order.StreakId}", $"{order.Total}");

    private Streak Shown(KnownStreak known, string creatorId)
    {
        var last = known.Charged.Last;
        return new(last.Detail!.Streak!.Value, Name, creatorId, last.Gift!.StreamId, last.Gift.GiftId, known.Total, new(known.Charged.Coins),
            IsOver(known) ? Streak.Ended : Streak.Live, last.TransferId, new(last.BalanceAfter), last.RecordedAt);
    }

    private static Refusal StreakReused(StreakOrder order) => new(Refusal.KeyReused, $"Streak {order.StreakId} is of another gift or another stream.");
}
