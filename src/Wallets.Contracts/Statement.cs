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
/// <param name="Kind"><c>purchase</c>, <c>gift_sent</c>, <c>gift_received</c>, <c>payout_reserved</c>, <c>payout_returned</c>, <c>payout_paid</c>,
/// <c>bonus_granted</c>, <c>expired</c>, <c>refunded</c>, <c>refund_reversed</c>, <c>gift_refunded</c>, <c>gift_restored</c>, <c>adjusted</c>,
/// <c>standing_changed</c>, <c>clawed_back</c>, <c>clawback_reversed</c>, <c>earnings_adjusted</c>.</param>
/// <param name="TransferId">The key that the originator of the movement gave.</param>
/// <param name="Counterparty">The user or creator on the other side, if there is one.</param>
/// <param name="RecordedAt">When it was committed, by the ledger's clock.</param>
/// <param name="Diamonds">On <c>gift_sent</c> and <c>gift_received</c>: what the gift earns the creator; on refunded and restored gifts and their other sides: what the part is worth.</param>
/// <param name="Lot">The purchase whose coins the line is about.</param>
/// <param name="Gift">The gift that was refunded or restored, by its key.</param>
/// <param name="Coins">On refunded and restored gifts: how many of the gift's coins; on a refund: how many coins of the lot it undoes.</param>
/// <param name="Owed">On a clawback: diamonds that were not there and are owed.</param>
/// <param name="ExpiresAt">When the line's bonus coins expire.</param>
/// <param name="Reason">Why the line is there, in the words of the channel or the operator.</param>
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
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? Price = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Lot = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Gift = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Coins? Coins = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Diamonds? Owed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ExpiresAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Standing = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Campaign = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null);
