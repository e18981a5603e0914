using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>A refunded gift, or one restored, on its way to the creator.</summary>
/// <param name="Key">The key of both sides.</param>
/// <param name="Origin">The wallet's account.</param>
/// <param name="Gift">The gift's key.</param>
/// <param name="Diamonds">What the gift's part is worth.</param>
/// <param name="Refund">The refund that did it; a restored gift finds its clawback by it.</param>
/// <param name="IsRestored">False: the diamonds are claimed; true: they return.</param>
[GenerateSerializer, Immutable, Alias("correction")]
internal readonly record struct Correction(Guid Key, long Origin, Guid Gift, Guid Lot, long Diamonds, Guid Refund, string? Reason, bool IsRestored)
{
    public static Correction Of(Entry entry) => new(
        entry.TransferId, entry.AccountId, entry.Detail!.Gift!.Value, entry.Detail.Lot!.Value, entry.Detail.Diamonds!.Value, entry.Detail.Refund!.Value,
        entry.Detail.Reason, entry.Kind == EntryKind.GiftRestored);

    /// <summary>The key of the clawback that a restored gift undoes.</summary>
    public Guid ClawbackKey => DerivedKey.Of("gift-refunded", $"{Refund}", $"{Gift}");
}
