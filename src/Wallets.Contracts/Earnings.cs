using Orleans.Concurrency;

namespace Wallets;

/// <summary>A creator's diamonds. The grain's key is the creator id.</summary>
[Alias("earnings")]
public interface IEarningsGrain : IGrainWithStringKey
{
    [AlwaysInterleave, Alias("balance")] Task<Outcome<EarningsBalance>> GetBalance(Caller caller);

    /// <summary>
    /// Takes available diamonds aside to be paid in money. Idempotent by key.
    /// Throws <see cref="UnavailableException"/> (nothing written) or <see cref="OutcomeUnknownException"/>.
    /// </summary>
    [Alias("request-payout")] Task<Outcome<Payout>> RequestPayout(Caller caller, Guid key, Diamonds diamonds);

    /// <summary>A payout as it stands now.</summary>
    [AlwaysInterleave, Alias("payout")] Task<Outcome<Payout>> GetPayout(Caller caller, Guid key);

    /// <summary>Payouts in the order they were requested, after the statement line <paramref name="afterSeq"/>, at most <paramref name="limit"/>.</summary>
    [AlwaysInterleave, Alias("payouts")] Task<Outcome<Page<Payout>>> GetPayouts(Caller caller, long afterSeq, int limit);

    /// <summary>Statement lines after <paramref name="afterSeq"/>, at most <paramref name="limit"/>.</summary>
    [AlwaysInterleave, Alias("statement")] Task<Outcome<Page<StatementLine>>> GetStatement(Caller caller, long afterSeq, int limit);
}

/// <param name="Owed">Diamonds that refunds claimed and that were spent or paid already; later earnings pay them first.</param>
/// <param name="MostOwed">The floor: nobody owes more than this, the platform bears the rest.</param>
[GenerateSerializer, Immutable, Alias("earnings-balance")]
public sealed record EarningsBalance(string CreatorId, DiamondsByState Diamonds, Diamonds Owed, Diamonds MostOwed);

/// <summary>A creator's diamonds by where they are on their way to money.</summary>
/// <param name="Pending">Earned, still within the hold.</param>
/// <param name="Available">Past the hold; can be cashed out.</param>
/// <param name="Reserved">In a payout that is not finished.</param>
/// <param name="Paid">Left the system as money.</param>
[GenerateSerializer, Immutable, Alias("diamonds-by-state")]
public sealed record DiamondsByState(Diamonds Pending, Diamonds Available, Diamonds Reserved, Diamonds Paid);
