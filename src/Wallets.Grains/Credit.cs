using Wallets.Grains.Accounts;
using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>The credit side of one committed gift, on its way to the creator.</summary>
/// <param name="Key">The gift's key; with <paramref name="Origin"/> its identity.</param>
/// <param name="Origin">The sender's account.</param>
/// <param name="HoldDays">Days of hold beyond the published ones, because the sender was flagged; 0 for most.</param>
/// <param name="Streak">The streak that the gift is a charge of; null for most.</param>
/// <param name="StreakTotal">The streak's pieces so far, this gift's included.</param>
[GenerateSerializer, Immutable, Alias("credit")]
internal readonly record struct Credit(Guid Key, long Origin, long Diamonds, string UserId, Guid StreamId, string GiftId, int Quantity, long Coins, int HoldDays = 0, Guid? Streak = null, int StreakTotal = 0)
{
    public CreditId Id => new(Origin, Key);

    public static Credit Of(Entry debit, string userId) => new(
        debit.TransferId, debit.AccountId, debit.Gift!.Diamonds, userId, debit.Gift.StreamId, debit.Gift.GiftId, debit.Gift.Quantity, -debit.Amount,
        debit.Detail?.HoldDays ?? 0, debit.Detail?.Streak, debit.Detail?.StreakTotal ?? 0);
}

/// <summary>The creator's side of settlement. The key is the creator id; the earnings grain answers.</summary>
[Alias("credit-receiver")]
internal interface ICreditReceiver : IGrainWithStringKey
{
    /// <summary>
    /// Returns once every credit is in the ledger, exactly once. Throws if that is not known; then the caller delivers again, flagged.
    /// </summary>
    /// <param name="credits">Credits for this creator.</param>
    /// <param name="redelivered">True if any of them may have been delivered before.</param>
    [Alias("receive")] Task Receive([Immutable] Credit[] credits, bool redelivered);

    /// <summary>
    /// Returns once every correction is in the ledger, exactly once, however often it is delivered. Throws
    /// <see cref="UnavailableException"/> if a gift it corrects is not credited yet.
    /// </summary>
    [Alias("correct")] Task Correct([Immutable] Correction[] corrections);
}
