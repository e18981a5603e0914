namespace Wallets;

/// <summary>Daily totals for finance. Any integer key: every silo answers for itself, from one snapshot of the ledger.</summary>
[Alias("finance")]
public interface IFinanceGrain : IGrainWithIntegerKey
{
    const long Key = 0;

    /// <summary>At most so many days at once.</summary>
    const int MostDays = 366;

    /// <summary>The days from <paramref name="from"/> to <paramref name="to"/>, both included. For operators; a large ledger takes a while.</summary>
    [ResponseTimeout("00:10:00"), Alias("totals")] Task<Outcome<DayTotals[]>> GetTotals(Caller caller, DateOnly from, DateOnly to);
}

/// <summary>What moved on one UTC day, and what was owed at its end. Movements are signed as they change the holders' balances.</summary>
[GenerateSerializer, Immutable, Alias("day-totals")]
public sealed record DayTotals(DateOnly Day, CoinTotals Coins, DiamondTotals Diamonds, MoneyTotals[] Money, CoinValue[] Liability);

/// <param name="Issued">Coins of purchases, the packs' bonus coins included.</param>
/// <param name="Granted">Coins of promotions.</param>
/// <param name="Refunded">What refunds took, less what reversed ones gave back.</param>
/// <param name="Outstanding">The liability: coins in wallets at the day's end, <paramref name="OutstandingPaid"/> and <paramref name="OutstandingBonus"/> together.</param>
/// <param name="OutstandingPaid">Of them, coins that were paid for. What was paid for them: <see cref="DayTotals.Liability"/>.</param>
/// <param name="OutstandingBonus">Of them, coins that were given: packs' bonus coins, promotions, adjustments. Nothing was paid for them.</param>
/// <param name="Idle">Of them, coins in wallets without any line for 365 days.</param>
/// <param name="Breakage">Coins that will not be spent: those that expired on the day, and by how much <paramref name="Idle"/> grew.</param>
[GenerateSerializer, Immutable, Alias("coin-totals")]
public sealed record CoinTotals(long Issued, long Granted, long Spent, long Expired, long Refunded, long Adjusted, long Outstanding, long OutstandingPaid, long OutstandingBonus, long Idle, long Breakage);

/// <param name="Earned">Credits of gifts.</param>
/// <param name="ClawedBack">What refunded gifts took, less what restored ones gave back.</param>
/// <param name="Requested">Taken aside for payouts.</param>
/// <param name="Returned">Payouts that failed.</param>
/// <param name="Paid">Diamonds that left as money; a positive number.</param>
/// <param name="Outstanding">The liability: creators' balances at the day's end, <paramref name="Pending"/> and <paramref name="Available"/> less <paramref name="Owed"/>.</param>
/// <param name="Pending">Of them, diamonds that are held at the day's end, by the hold in force now.</param>
/// <param name="Available">Of them, diamonds that may be cashed out.</param>
/// <param name="Owed">What creators owe beyond what they could cash out: a claim, not a liability.</param>
/// <param name="Reserved">The liability besides: in payouts that had not ended at the day's end.</param>
[GenerateSerializer, Immutable, Alias("diamond-totals")]
public sealed record DiamondTotals(long Earned, long ClawedBack, long Requested, long Returned, long Paid, long Adjusted, long Outstanding, long Pending, long Available, long Owed, long Reserved);

/// <summary>In the minor unit of <paramref name="Currency"/>, all positive. <paramref name="Channel"/> is <c>payouts</c> for what was paid out.</summary>
[GenerateSerializer, Immutable, Alias("money-totals")]
public sealed record MoneyTotals(string Channel, string Currency, long Received, long Refunded, long PaidOut);

/// <summary>
/// What was paid in one currency, in its minor unit, for paid coins that are in wallets at the day's end. The last coins of a lot carry what
/// receipts of the others have left of its price.
/// </summary>
/// <param name="Coins">How many coins these are.</param>
/// <param name="Paid">What was paid for them, store fees included.</param>
[GenerateSerializer, Immutable, Alias("coin-value")]
public sealed record CoinValue(string Currency, long Coins, long Paid);
