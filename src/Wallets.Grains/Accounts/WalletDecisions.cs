using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>What a wallet does with a command: an entry to append, or a refusal. Pure; nothing here waits, reads or writes.</summary>
internal static class WalletDecisions
{
    /// <summary>The largest balance that a JSON number carries exactly.</summary>
    public const long MaxBalance = (1L << 53) - 1;

    public static Decision SendGift(
        long accountId, WalletState state, string userId, GiftOrder order, LiveStream? stream, Terms terms, LimitOptions limits, int flaggedHoldDays, DateTimeOffset now, GiftSender sender = default)
    {
        if (order.Quantity is < 1 or > GiftOrder.MaxQuantity)
            return new Refusal(Refusal.InvalidQuantity, $"The quantity must be between 1 and {GiftOrder.MaxQuantity}.");
        if (terms.GiftAt(order.GiftId, now) is not { } gift)
            return new Refusal(Refusal.UnknownGift, $"There is no gift '{order.GiftId}'.");
        if (stream is null)
            return new Refusal(Refusal.UnknownStream, $"There is no stream {order.StreamId}.");
        if (stream.HasEnded)
            return new Refusal(Refusal.StreamEnded, $"Stream {order.StreamId} has ended.");
        if (stream.CreatorId == userId)
            return new Refusal(Refusal.SelfGift, "Nobody can send gifts to themselves.");
        if (state.Standing == Standing.Frozen)
            return new Refusal(Refusal.WalletFrozen, "This wallet is frozen: it can be read, not spent from. Ask support.");

        if (GiftRules.Refuse(gift, state.LifetimeSpent - state.LifetimeRefunded, sender, now) is { } locked)
            return locked;
        if (order.Price is { } shown && !terms.IsShownAt(gift.Id, shown, now))
            return new Refusal(Refusal.PriceChanged, $"{gift.Name} costs {gift.Price} now; the price of {shown} has not been its for a minute or more.");

        var coins = (order.Price ?? gift.Price) * order.Quantity;
        if (coins.Value > state.Balance)
            return new Refusal(Refusal.InsufficientFunds, $"{order.Quantity} × {gift.Name} costs {coins}; the wallet holds {state.Balance}.");
        var today = DayAmount.DayOf(now);
        if (state.SpentOn(today) + coins.Value > limits.CoinsPerDay)
            return new Refusal(Refusal.LimitExceeded, $"A wallet may send {limits.CoinsPerDay} coins a day; this one has sent {state.SpentOn(today)} today.");
        if (state.SpentInWeekTo(today) + coins.Value > limits.CoinsPerWeek)
            return new Refusal(Refusal.LimitExceeded, $"A wallet may send {limits.CoinsPerWeek} coins in seven days; this one has sent {state.SpentInWeekTo(today)}.");

        var rate = terms.RateAt(now);
        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = order.Key,
            Kind = EntryKind.GiftSent,
            Amount = -coins.Value,
            BalanceAfter = state.Balance - coins.Value,
            Counterparty = stream.CreatorAccount,
            Gift = new GiftFacts(order.StreamId, gift.Id, order.Quantity, rate.DiamondsFor(coins).Value, rate.Version),
            Detail = state.Standing == Standing.Flagged ? new EntryDetail(HoldDays: flaggedHoldDays) : null,
        };
    }

    public static Decision Purchase(long accountId, WalletState state, Guid key, CoinPack pack, Payment payment, DateTimeOffset now)
    {
        var coins = (pack.Coins + pack.BonusCoins) * payment.Quantity;
        if (coins.Value > MaxBalance - state.Balance)
            return new Refusal(Refusal.BalanceTooLarge, $"A wallet holds at most {MaxBalance} coins.");
        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = key,
            Kind = EntryKind.Purchase,
            Amount = coins.Value,
            BalanceAfter = state.Balance + coins.Value,
            Detail = new EntryDetail(
                pack.Id, payment.Channel, payment.Id, (pack.BonusCoins * payment.Quantity).Value, ExpiryOf(pack, now), pack.Price * payment.Quantity,
                Reference: payment.Reference, Quantity: payment.Quantity > 1 ? payment.Quantity : null),
        };
    }

    /// <summary>In whole seconds: as text it must sort as it does as a time.</summary>
    public static DateTimeOffset? ExpiryOf(CoinPack pack, DateTimeOffset now) =>
        pack is { BonusDays: { } days, BonusCoins.Value: > 0 } ? DateTimeOffset.FromUnixTimeSeconds(now.AddDays(days).ToUnixTimeSeconds()) : null;

    /// <summary>The end of the bonus coins of one lot whose time is over; there must be one.</summary>
    public static Entry Expire(long accountId, WalletState state, DateTimeOffset now)
    {
        var lot = state.Lots.First(lot => lot.HasExpired(now));
        return new Entry
        {
            AccountId = accountId,
            Seq = state.Seq + 1,
            TransferId = DerivedKey.Of("expired", $"{accountId}", $"{lot.PurchaseId}", $"{state.Seq}"),
            Kind = EntryKind.Expired,
            Amount = -lot.Bonus,
            BalanceAfter = state.Balance - lot.Bonus,
            Detail = new EntryDetail(Lot: lot.PurchaseId, ExpiresAt: lot.ExpiresAt),
        };
    }
}

/// <summary>An entry to append, or why not.</summary>
internal readonly record struct Decision(Entry? Entry, Refusal? Refusal)
{
    public static implicit operator Decision(Entry entry) => new(entry, null);
    public static implicit operator Decision(Refusal refusal) => new(null, refusal);
}
