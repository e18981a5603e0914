using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>The credit side of one committed gift, on its way to the creator.</summary>
/// <param name="Key">The gift's key; with <paramref name="Origin"/> its identity.</param>
/// <param name="Origin">The sender's account.</param>
[GenerateSerializer, Immutable, Alias("credit")]
internal readonly record struct Credit(Guid Key, long Origin, long Diamonds, string UserId, Guid StreamId, string GiftId, int Quantity, long Coins)
{
    public CreditId Id => new(Origin, Key);

    public static Credit Of(Entry debit, string userId) => new(
        debit.TransferId, debit.AccountId, debit.Gift!.Diamonds, userId, debit.Gift.StreamId, debit.Gift.GiftId, debit.Gift.Quantity, -debit.Amount);
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
}
