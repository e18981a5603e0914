using System.Text.Json.Serialization;

namespace Wallets;

/// <summary>A slice of a list; <see cref="Next"/> is the <c>after</c> of the following slice, null at the end.</summary>
[GenerateSerializer, Immutable, Alias("page`1")]
public sealed record Page<T>(T[] Items, string? Next);

/// <summary>
/// One line of an account's statement, newest last. <see cref="Amount"/> is signed, in coins for a wallet and diamonds for
/// earnings; <see cref="BalanceAfter"/> is the balance the line left. Fields that do not apply to a line's kind are left out.
/// </summary>
/// <param name="Seq">1, 2, 3 … without gaps.</param>
/// <param name="Kind"><c>purchase</c>, <c>gift_sent</c>, <c>gift_received</c>, <c>payout_reserved</c>, <c>payout_returned</c>, <c>payout_paid</c>.</param>
/// <param name="TransferId">The key that the originator of the movement gave.</param>
/// <param name="Counterparty">The user or creator on the other side, if there is one.</param>
/// <param name="RecordedAt">When it was committed, by the ledger's clock.</param>
/// <param name="Diamonds">On <c>gift_sent</c> and <c>gift_received</c>: what the gift earns the creator.</param>
[GenerateSerializer, Immutable, Alias("statement-line")]
public sealed record StatementLine(
    long Seq,
    string Kind,
    long Amount,
    long BalanceAfter,
    Guid TransferId,
    string? Counterparty,
    DateTimeOffset RecordedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? StreamId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? GiftId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Quantity = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Diamonds? Diamonds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? RateVersion = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? PackId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Channel = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? Price = null);
