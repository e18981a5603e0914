using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Tests.Infrastructure;

/// <summary>Things that tests begin with.</summary>
internal static class Some
{
    public static readonly RateCard Rate = Wallets.Grains.Publishing.Defaults.RateCard;

    public static Guid Key() => Guid.CreateVersion7();

    public static Entry Purchase(long account, long coins, long seq = 1, long before = 0, Guid? key = null, string? payment = null, long bonus = 0, DateTimeOffset? expires = null) => new()
    {
        AccountId = account,
        Seq = seq,
        TransferId = key ?? Key(),
        Kind = EntryKind.Purchase,
        Amount = coins,
        BalanceAfter = before + coins,
        Detail = new EntryDetail("coins-330", "dev", payment ?? Guid.NewGuid().ToString(), bonus, expires, new Money(499, "USD")),
    };

    public static Entry Gift(long account, long creator, long coins, long seq, long before, Guid? key = null, Guid? stream = null) => new()
    {
        AccountId = account,
        Seq = seq,
        TransferId = key ?? Key(),
        Kind = EntryKind.GiftSent,
        Amount = -coins,
        BalanceAfter = before - coins,
        Counterparty = creator,
        Gift = new GiftFacts(stream ?? Guid.NewGuid(), "rose", 1, Rate.DiamondsFor(new(coins)).Value, 1),
    };

    public static Entry Credit(Entry debit, long seq, long before) => new()
    {
        AccountId = debit.Counterparty,
        Seq = seq,
        TransferId = debit.TransferId,
        Kind = EntryKind.GiftReceived,
        Amount = debit.Gift!.Diamonds,
        BalanceAfter = before + debit.Gift.Diamonds,
        Counterparty = debit.AccountId,
    };

    /// <summary>Terms for a creator of whom nothing is known, where nothing must be.</summary>
    public static PayoutTerms Terms(long minimum, long maximum) =>
        new(Rate, PayoutStanding.Unknown, new() { MinimumDiamonds = minimum, MaximumDiamondsPerDay = maximum, RequireProfile = false });

    public static Append Append(params Entry[] entries) => new(entries[0].AccountId, entries);

    public static WalletState Wallet(params Entry[] entries)
    {
        var state = new WalletState();
        foreach (var entry in entries) state.Apply(entry);
        return state;
    }
}

internal static class LedgerTestExtensions
{
    /// <summary>Commits entries that must not conflict.</summary>
    public static async Task<DateTimeOffset> Write(this ILedger ledger, params Entry[] entries)
    {
        var result = await ledger.Commit([.. entries.GroupBy(entry => entry.AccountId).Select(account => new Append(account.Key, [.. account]))], default);
        return result.RecordedAt ?? throw new InvalidOperationException("These entries conflict.");
    }
}
