using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>What an earnings account does with a command. Pure.</summary>
internal static class EarningsDecisions
{
    public static Decision RequestPayout(
        long accountId, EarningsState state, Guid key, Diamonds diamonds, PayoutTerms terms, TimeSpan hold, DateTimeOffset now)
    {
        var bounds = terms.Options;
        if (diamonds.Value <= 0)
            return new Refusal(Refusal.InvalidAmount, "A payout is of at least one diamond.");
        if (terms.WhatIsMissing is { } missing)
            return missing;
        if (diamonds.Value < bounds.MinimumDiamonds)
            return new Refusal(Refusal.BelowMinimum, $"A payout is of at least {bounds.MinimumDiamonds} diamonds.");
        var available = state.AvailableAt(now, hold);
        if (diamonds.Value > available)
            return new Refusal(Refusal.InsufficientDiamonds, $"{available} diamonds are available.");
        var reservedToday = state.LastReserved.Day == DayAmount.DayOf(now) ? state.LastReserved.Amount : 0;
        if (diamonds.Value > bounds.MaximumDiamondsPerDay - reservedToday)
            return new Refusal(Refusal.LimitExceeded, $"At most {bounds.MaximumDiamondsPerDay} diamonds can be cashed out a day; {reservedToday} were today.");

        var (detail, unpriced) = terms.PriceOf(diamonds, now);
        if (unpriced is not null) return unpriced;
        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = key,
            Kind = EntryKind.PayoutReserved,
            Amount = -diamonds.Value,
            BalanceAfter = state.Balance - diamonds.Value,
            Detail = detail,
        };
    }

    /// <summary>The end of a payout: its diamonds have left, or come back.</summary>
    public static Entry EndPayout(EarningsState state, Entry reserved, Guid endKey, PayoutEnd end)
    {
        var returned = end.IsPaid ? 0 : -reserved.Amount;
        return new Entry
        {
            AccountId = reserved.AccountId,
            Seq = state.Seq + 1,
            TransferId = endKey,
            Kind = end.IsPaid ? EntryKind.PayoutPaid : EntryKind.PayoutReturned,
            Amount = returned,
            BalanceAfter = checked(state.Balance + returned),
            Detail = new EntryDetail(
                Payout: reserved.TransferId, Diamonds: end.IsPaid ? -reserved.Amount : null, Price: end.IsPaid ? reserved.Detail!.Price : null, Fee: end.Fee, PaidOut: end.PaidOut,
                ExchangeRate: end.IsPaid ? reserved.Detail!.ExchangeRate : null, Reference: end.Reference, Reason: end.Reason, Actor: end.Actor),
        };
    }

    /// <summary>The credit side of gifts, in the order given.</summary>
    public static Entry[] Receive(long accountId, EarningsState state, IReadOnlyList<Credit> credits)
    {
        var entries = new Entry[credits.Count];
        var balance = state.Balance;
        for (var i = 0; i < entries.Length; i++)
        {
            balance += credits[i].Diamonds;
            entries[i] = new Entry
            {
                AccountId = accountId,
                Seq = state.Seq + 1 + i,
                TransferId = credits[i].Key,
                Kind = EntryKind.GiftReceived,
                Amount = credits[i].Diamonds,
                BalanceAfter = balance,
                Counterparty = credits[i].Origin,
                Detail = credits[i].HoldDays > 0 ? new EntryDetail(HoldDays: credits[i].HoldDays) : null,
            };
        }
        return entries;
    }

    /// <summary>An operator's correction: given diamonds are available at once, taken ones must be.</summary>
    public static Decision Adjust(long accountId, EarningsState state, Guid key, long diamonds, string reason, string actor, TimeSpan hold, DateTimeOffset now)
    {
        var available = state.AvailableAt(now, hold);
        if (available + diamonds < 0) return new Refusal(Refusal.InsufficientDiamonds, $"{available} diamonds are available.");
        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = key,
            Kind = EntryKind.EarningsAdjusted,
            Amount = diamonds,
            BalanceAfter = checked(state.Balance + diamonds),
            Detail = new EntryDetail(Reason: reason, Actor: actor),
        };
    }

    /// <summary>
    /// What a refunded gift takes: diamonds of its day that are still held, then available ones, then a debt down to the floor. What is
    /// below the floor the platform bears.
    /// </summary>
    /// <param name="day">The day by which the gift's diamonds are held.</param>
    /// <param name="floor">How many diamonds a creator may owe.</param>
    public static Entry ClawBack(long accountId, EarningsState state, Correction refunded, int day, TimeSpan hold, long floor, DateTimeOffset now)
    {
        var pending = Math.Min(refunded.Diamonds, state.HeldOf(day, now, hold));
        var available = Math.Min(refunded.Diamonds - pending, state.AvailableAt(now, hold));
        var owed = Math.Min(refunded.Diamonds - pending - available, Math.Max(0, floor - state.Owed));
        var entry = Corrected(accountId, state, refunded, EntryKind.ClawedBack, -(pending + available + owed), day);
        return entry with { Detail = entry.Detail! with { FromPending = pending, Owed = owed } };
    }

    /// <summary>Gives back what the clawback took, and no more.</summary>
    public static Entry Restore(long accountId, EarningsState state, Correction restored, Entry clawback) =>
        Corrected(accountId, state, restored, EntryKind.ClawbackReversed, -clawback.Amount, clawback.Detail!.Day!.Value);

    private static Entry Corrected(long accountId, EarningsState state, Correction correction, EntryKind kind, long amount, int day) => new()
    {
        AccountId = accountId,
        Seq = state.Seq + 1,
        TransferId = correction.Key,
        Kind = kind,
        Amount = amount,
        BalanceAfter = state.Balance + amount,
        Counterparty = correction.Origin,
        Detail = new EntryDetail(Diamonds: correction.Diamonds, Lot: correction.Lot, Gift: correction.Gift, Refund: correction.Refund, Day: day, Reason: correction.Reason),
    };
}
