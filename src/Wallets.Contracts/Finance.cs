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
public sealed record DayTotals(DateOnly Day, CoinTotals Coins, DiamondTotals Diamonds, MoneyTotals[] Money);

/// <param name="Issued">Coins of purchases, the packs' bonus coins included.</param>
/// <param name="Granted">Coins of promotions.</param>
/// <param name="Refunded">What refunds took, less what reversed ones gave back.</param>
/// <param name="Outstanding">The liability: coins in wallets at the day's end.</param>
/// <param name="Idle">Of them, coins in wallets without any line for 365 days.</param>
/// <param name="Breakage">Coins that will not be spent: those that expired on the day, and by how much <paramref name="Idle"/> grew.</param>
[GenerateSerializer, Immutable, Alias("coin-totals")]
public sealed record CoinTotals(long Issued, long Granted, long Spent, long Expired, long Refunded, long Adjusted, long Outstanding, long Idle, long Breakage);

/// <param name="Earned">Credits of gifts.</param>
/// <param name="ClawedBack">What refunded gifts took, less what restored ones gave back.</param>
/// <param name="Requested">Taken aside for payouts.</param>
/// <param name="Returned">Payouts that failed.</param>
/// <param name="Paid">Diamonds that left as money; a positive number.</param>
/// <param name="Outstanding">The liability: creators' balances at the day's end, pending and available, debts deducted.</param>
/// <param name="Reserved">The liability besides: in payouts that had not ended at the day's end.</param>
[GenerateSerializer, Immutable, Alias("diamond-totals")]
public sealed record DiamondTotals(long Earned, long ClawedBack, long Requested, long Returned, long Paid, long Adjusted, long Outstanding, long Reserved);

/// <summary>In the minor unit of <paramref name="Currency"/>, all positive. <paramref name="Channel"/> is <c>payouts</c> for what was paid out.</summary>
[GenerateSerializer, Immutable, Alias("money-totals")]
public sealed record MoneyTotals(string Channel, string Currency, long Received, long Refunded, long PaidOut);
