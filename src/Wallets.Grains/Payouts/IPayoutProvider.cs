namespace Wallets.Grains.Payouts;

/// <summary>
/// Who pays creators. Both calls may throw anything, and then nothing is known: the payout is asked for again. An implementation
/// must throw rather than guess when it does not understand an answer.
/// </summary>
public interface IPayoutProvider
{
    /// <summary>Tells the provider to pay; the same <see cref="PayoutInstruction.IdempotencyKey"/> is paid once, however often it comes.</summary>
    Task<PayoutAnswer> Submit(PayoutInstruction instruction, CancellationToken cancellation);

    /// <summary>What the provider knows of a payout. Changes nothing.</summary>
    Task<PayoutAnswer> Find(string idempotencyKey, CancellationToken cancellation);
}

/// <summary>What is to be paid, to one or two recipients in one currency.</summary>
public sealed record PayoutInstruction(string IdempotencyKey, string Currency, IReadOnlyList<Recipient> Recipients);

/// <param name="Account">The provider's token of an account.</param>
[GenerateSerializer, Immutable, Alias("recipient")]
public sealed record Recipient(string Account, long AmountMinor);

/// <summary>What the provider says of a payout.</summary>
public abstract record PayoutAnswer
{
    /// <summary>The money has left.</summary>
    /// <param name="Reference">The provider's own id.</param>
    /// <param name="Fee">What it kept of the amount.</param>
    /// <param name="PaidOut">What it paid to the recipients; with the fee it makes the amount of the instruction.</param>
    public sealed record Paid(string Reference, Money Fee, Money PaidOut) : PayoutAnswer;

    /// <summary>It is on its way.</summary>
    public sealed record Pending : PayoutAnswer;

    /// <summary>It will not be paid, ever.</summary>
    public sealed record Failed(string Code, string Reason) : PayoutAnswer;

    /// <summary>The provider has no payout of this key.</summary>
    public sealed record NotFound : PayoutAnswer;
}
