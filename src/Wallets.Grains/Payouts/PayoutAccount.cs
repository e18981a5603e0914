using Orleans.Concurrency;
using Wallets.Ledger;

namespace Wallets.Grains.Payouts;

/// <summary>How a payout ended.</summary>
/// <param name="Status"><see cref="Payout.Paid"/> or <see cref="Payout.Failed"/>.</param>
/// <param name="Fee">On paid: what the provider kept.</param>
/// <param name="PaidOut">On paid: what arrived.</param>
/// <param name="Reason">On failed: why; on a manual decision: the operator's reason.</param>
/// <param name="Actor">The operator who decided, if it was one.</param>
[GenerateSerializer, Immutable, Alias("payout-end")]
internal sealed record PayoutEnd(string Status, Money? Fee, Money? PaidOut, string? Reference, string? Reason, string? Actor, DateTimeOffset? RecordedAt = null)
{
    public bool IsPaid => Status == Payout.Paid;

    public static PayoutEnd Of(Entry entry) => new(
        entry.Kind == EntryKind.PayoutPaid ? Payout.Paid : Payout.Failed,
        entry.Detail!.Fee, entry.Detail.PaidOut, entry.Detail.Reference, entry.Detail.Reason, entry.Detail.Actor, entry.RecordedAt);
}

/// <summary>A payout as the ledger has it: the reservation, and the end if there is one.</summary>
[GenerateSerializer, Immutable, Alias("payout-facts")]
internal sealed record PayoutFacts(Guid Key, Diamonds Diamonds, Money Amount, Money Payable, string? ExchangeRate, AgencyPart? Agency, DateTimeOffset RequestedAt, PayoutEnd? End)
{
    /// <summary>The identity of a payout's end, paid or not: the ledger's unique key of transfers makes a second one impossible.</summary>
    public static Guid EndKey(string creatorId, Guid payout) => DerivedKey.Of("payout-end", creatorId, payout.ToString("D"));

    public static PayoutFacts Of(Entry reserved, Entry? end)
    {
        var detail = reserved.Detail!;
        return new(
            reserved.TransferId, new(-reserved.Amount), detail.Price!.Value, detail.Payable ?? detail.Price.Value, detail.ExchangeRate,
            detail.Agency is null ? null : new AgencyPart(detail.Agency, detail.Contract!.Value, detail.AgencyPart!.Value),
            reserved.RecordedAt, end is null ? null : PayoutEnd.Of(end));
    }

    public Payout ToPayout(string creatorId, string status) => new(
        Key, creatorId, Diamonds, status, Amount, RequestedAt, Payable, ExchangeRate, Agency, End?.RecordedAt, End?.Fee, End?.PaidOut, End?.Reference, End?.Reason);
}

/// <summary>The creator's side of a payout. The key is the creator id; the earnings grain answers.</summary>
[Alias("payout-account")]
internal interface IPayoutAccount : IGrainWithStringKey
{
    /// <summary>The payout as the ledger has it now, or null if there is none.</summary>
    [AlwaysInterleave, Alias("find-payout")] Task<PayoutFacts?> FindPayout(Guid key);

    /// <summary>
    /// Ends a payout and gives it as it has ended: as asked, or otherwise if it had ended before. Throws if that is not known; then the
    /// caller asks again.
    /// </summary>
    [Alias("end-payout")] Task<PayoutFacts> EndPayout(Guid key, PayoutEnd end);
}
