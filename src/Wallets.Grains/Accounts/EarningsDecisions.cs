using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>What an earnings account does with a command. Pure.</summary>
internal static class EarningsDecisions
{
    public static Decision RequestPayout(
        long accountId, EarningsState state, Guid key, Diamonds diamonds, RateCard rate, TimeSpan hold, PayoutOptions bounds, DateTimeOffset now)
    {
        if (diamonds.Value <= 0)
            return new Refusal(Refusal.InvalidAmount, "A payout is of at least one diamond.");
        if (diamonds.Value < bounds.MinimumDiamonds)
            return new Refusal(Refusal.BelowMinimum, $"A payout is of at least {bounds.MinimumDiamonds} diamonds.");
        var available = state.AvailableAt(now, hold);
        if (diamonds.Value > available)
            return new Refusal(Refusal.InsufficientDiamonds, $"{available} diamonds are available.");
        var reservedToday = state.LastReserved.Day == DayAmount.DayOf(now) ? state.LastReserved.Amount : 0;
        if (diamonds.Value > bounds.MaximumDiamondsPerDay - reservedToday)
            return new Refusal(Refusal.LimitExceeded, $"At most {bounds.MaximumDiamondsPerDay} diamonds can be cashed out a day; {reservedToday} were today.");

        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = key,
            Kind = EntryKind.PayoutReserved,
            Amount = -diamonds.Value,
            BalanceAfter = state.Balance - diamonds.Value,
            Detail = new EntryDetail(Price: new Money(checked(diamonds.Value * rate.DiamondValue.AmountMinor), rate.DiamondValue.Currency)),
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
            };
        }
        return entries;
    }
}
