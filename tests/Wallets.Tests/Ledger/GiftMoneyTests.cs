using CsCheck;
using Wallets.Grains.Publishing;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>Receipts to the cent: whatever is bought and sent, no cent is lost or made.</summary>
public sealed class GiftMoneyTests
{
    private const long Wallet = 1;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RateCard[] Rates =
    [
        Defaults.RateCard,
        Defaults.RateCard with { Version = 2, EffectiveFrom = Start.AddHours(50), DiamondValue = new Money(3, "USD"), ChannelFees = [new("apple", 1_517), new("web", 333)] },
    ];

    private static readonly Gen<(long Coins, long Bonus, long Cents, bool IsEuro, bool IsApple)[]> Lots =
        Gen.Select(Gen.Long[1, 400], Gen.Long[0, 30], Gen.Long[1, 900], Gen.Bool, Gen.Bool).Array[1, 8];

    [Fact]
    public void Parts_add_up_to_what_was_paid_and_a_spent_lots_receipts_to_its_price() => Gen.Select(Lots, Gen.Long[1, 90].Array[1, 40]).Sample((lots, sizes) =>
    {
        var trace = LotTrace.OfAll();
        foreach (var (coins, bonus, cents, isEuro, isApple) in lots)
        {
            var lot = Some.Purchase(Wallet, coins + bonus, trace.State.Seq + 1, trace.State.Balance, bonus: bonus);
            trace.Apply(At(lot with { Detail = lot.Detail! with { Price = new Money(cents, isEuro ? "EUR" : "USD"), Channel = isApple ? "apple" : "web" } }));
        }
        for (var i = 0; trace.State.Balance > 0; i++)   // to the last coin
            trace.Apply(At(Some.Gift(Wallet, 2, Math.Min(sizes[i % sizes.Length], trace.State.Balance), trace.State.Seq + 1, trace.State.Balance)));

        foreach (var gift in trace.Uses.GroupBy(use => use.Gift))
        {
            var costs = gift.Select(use => GiftMoney.CostOf(use, trace.Lots[use.Lot], Rates)).ToList();
            foreach (var agency in new[] { 0, 1_250 })
            {
                var divisions = GiftMoney.Divide(gift.Key.Gift!, costs, Rates[0], agency);
                Assert.All(divisions, part => Assert.Equal(part.Paid, part.StoreFee + part.Platform + part.Agency + part.Creator));
                Assert.All(divisions, part => Assert.InRange(part.StoreFee, 0, part.Paid));
                Assert.Equal(gift.Key.Gift!.Diamonds, divisions.Sum(part => part.Agency + part.Creator));
                Assert.Equal(costs.Sum(cost => cost.Paid?.AmountMinor ?? 0), divisions.Sum(part => part.Paid));
            }
        }
        foreach (var lot in trace.Uses.GroupBy(use => use.Lot))
        {
            var costs = lot.Select(use => GiftMoney.CostOf(use, trace.Lots[use.Lot], Rates)).ToList();
            Assert.Equal(trace.Lots[lot.Key].Detail!.Price!.Value.AmountMinor, costs.Sum(cost => cost.Paid?.AmountMinor ?? 0));
        }
    });

    [Fact]
    public void Bonus_coins_cost_nothing_so_that_the_platform_bears_the_creators_share()
    {
        var trace = LotTrace.OfAll();
        trace.Apply(At(Some.Purchase(Wallet, 100, bonus: 100)));
        trace.Apply(At(Some.Gift(Wallet, 2, 100, 2, 100)));

        var parts = GiftMoney.Divide(trace.Uses[0].Gift.Gift!, [GiftMoney.CostOf(trace.Uses[0], trace.Lots[trace.Uses[0].Lot], Rates)], Rates[0], 0);

        Assert.Equal([new Division("USD", 0, 0, -50, 0, 50)], parts);
    }

    private static Entry At(Entry entry) => entry with { RecordedAt = Start.AddHours(entry.Seq) };
}
