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
/// <param name="Kind">
/// On a wallet <c>purchase</c>, <c>bonus_granted</c>, <c>gift_sent</c>, <c>expired</c>, <c>refunded</c>, <c>refund_reversed</c>, <c>gift_refunded</c>,
/// <c>gift_restored</c>, <c>adjusted</c>, <c>standing_changed</c>; on earnings <c>gift_received</c>, <c>payout_reserved</c>, <c>payout_returned</c>,
/// <c>payout_paid</c>, <c>clawed_back</c>, <c>clawback_reversed</c>, <c>earnings_adjusted</c>.
/// </param>
/// <param name="TransferId">The key that the originator of the movement gave.</param>
/// <param name="Counterparty">The user or creator on the other side, if there is one.</param>
/// <param name="RecordedAt">When it was committed, by the ledger's clock.</param>
/// <param name="Quantity">On a gift: its pieces; on a purchase: its packs, if it is of more than one.</param>
/// <param name="Diamonds">On a gift and its credit: what it earns the creator; on a refunded or restored gift and on both their other sides: what the part is worth; on a paid payout: how many left.</param>
/// <param name="Price">On a purchase: what was paid; on a refund: what was given back; on a payout: what it pays.</param>
/// <param name="Bonus">How many of the line's coins were given, not paid for.</param>
/// <param name="ExpiresAt">When the line's bonus coins expire.</param>
/// <param name="Lot">The coins the line is about, by the key of their purchase or promotion.</param>
/// <param name="Gift">The gift the line is about, by its key.</param>
/// <param name="Refund">The refund that the line follows from, by its key.</param>
/// <param name="Coins">On a refund: how many coins of the lot it undoes; on a refunded gift: how many of the gift's coins came from the lot.</param>
/// <param name="FromPending">On <c>clawed_back</c>: diamonds taken from those still held.</param>
/// <param name="Owed">On <c>clawed_back</c>: diamonds the creator did not have and owes.</param>
/// <param name="HoldDays">Days of hold beyond the published ones.</param>
/// <param name="Standing">On <c>standing_changed</c>: <c>good</c>, <c>flagged</c> or <c>frozen</c>.</param>
/// <param name="Campaign">The promotion that gave the coins.</param>
/// <param name="Reason">Why the line is there, for its reader.</param>
/// <param name="Payout">On a payout's end: the payout, by its key.</param>
/// <param name="Fee">On <c>payout_paid</c>: what the provider kept.</param>
/// <param name="PaidOut">On <c>payout_paid</c>: what arrived.</param>
/// <param name="ExchangeRate">On a payout in another currency: units of it for one of <paramref name="Price"/>.</param>
/// <param name="Reference">On a payout's end: the provider's own reference.</param>
/// <param name="Payable">On a payout: what is to be paid, the provider's fee included, in the creator's currency.</param>
/// <param name="Agency">On a payout: the agency that has a part of it.</param>
/// <param name="AgencyPart">On a payout: that part of <paramref name="Payable"/>.</param>
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
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Coins? Bonus = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ExpiresAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Lot = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Gift = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Refund = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Coins? Coins = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Diamonds? FromPending = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Diamonds? Owed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? HoldDays = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Standing = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Campaign = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Payout = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? Fee = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? PaidOut = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ExchangeRate = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reference = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? Payable = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Agency = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Money? AgencyPart = null);
