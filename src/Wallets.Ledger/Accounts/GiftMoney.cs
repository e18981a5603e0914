namespace Wallets.Ledger.Accounts;

/// <summary>What paid coins of a lot cost, and what of it the store kept.</summary>
public readonly record struct LotCost(LotUse Use, Entry LotEntry, Money? Paid, Money? StoreFee);

/// <summary>In one currency; <see cref="Paid"/> is the sum of the four others.</summary>
public readonly record struct Division(string Currency, long Paid, long StoreFee, long Platform, long Agency, long Creator);

/// <summary>
/// Divides a gift's money. Pure. A lot's price is spread over its coins by cumulated rounding: the coins up to the n-th have cost
/// price × n / coins, rounded down, whoever spent them; so the receipts of all gifts of a spent lot add up to its price, and so do
/// the store's fees, which follow the money in the same way.
/// </summary>
public static class GiftMoney
{
    private const int WholeBasisPoints = 10_000;

    /// <param name="rates">Every published rate card.</param>
    public static LotCost CostOf(LotUse use, Entry lot, IReadOnlyList<RateCard> rates)
    {
        var paidCoins = lot.Amount - (lot.Detail?.Bonus ?? 0);
        if (lot.Kind != EntryKind.Purchase || use.Paid == 0 || paidCoins <= 0 || lot.Detail?.Price is not { } price) return new(use, lot, null, null);

        var before = Spread(price.AmountMinor, use.PaidBefore, paidCoins);
        var after = Spread(price.AmountMinor, use.PaidBefore + use.Paid, paidCoins);
        var fee = FeeOf(lot, rates);
        var kept = Spread(after, fee, WholeBasisPoints) - Spread(before, fee, WholeBasisPoints);
        return new(use, lot, price with { AmountMinor = after - before }, price with { AmountMinor = kept });
    }

    /// <param name="agencyBasisPoints">The agency's part of the creator's share, in hundredths of a percent: 0 without a contract.</param>
    public static IReadOnlyList<Division> Divide(GiftFacts gift, IReadOnlyList<LotCost> costs, RateCard rate, int agencyBasisPoints)
    {
        var earned = checked(gift.Diamonds * rate.DiamondValue.AmountMinor);
        var shares = Shares.Split(earned, agencyBasisPoints, WholeBasisPoints - agencyBasisPoints);
        var currencies = costs.Where(cost => cost.Paid is not null).Select(cost => cost.Paid!.Value.Currency).Append(rate.DiamondValue.Currency).Distinct();
        return [.. currencies.Select(currency =>
        {
            var ofCurrency = costs.Where(cost => cost.Paid?.Currency == currency).ToList();
            var paid = ofCurrency.Sum(cost => cost.Paid!.Value.AmountMinor);
            var fee = ofCurrency.Sum(cost => cost.StoreFee!.Value.AmountMinor);
            var (agency, creator) = currency == rate.DiamondValue.Currency ? (shares[0], shares[1]) : (0, 0);
            return new Division(currency, paid, fee, paid - fee - agency - creator, agency, creator);
        })];
    }

    /// <summary>The store kept its part when the coins were bought, so the card in force then says how much.</summary>
    private static int FeeOf(Entry lot, IReadOnlyList<RateCard> rates)
    {
        var card = rates.LastOrDefault(rate => rate.EffectiveFrom <= lot.RecordedAt) ?? rates[0];
        return Array.Find(card.ChannelFees, fee => fee.Channel == lot.Detail!.Channel)?.BasisPoints ?? 0;
    }

    /// <summary>What <paramref name="part"/> of <paramref name="whole"/> coins cost, the first of their lot, rounded down.</summary>
    internal static long Spread(long total, long part, long whole) => (long)((Int128)total * part / whole);
}
