using Wallets.ChaosTests.Work;

namespace Wallets.ChaosTests.Judging;

/// <summary>What was given back, what came back, and what was given by campaigns.</summary>
internal sealed partial class Judge
{
    /// <summary>What was refunded was bought, once, and its gifts are taken back from those who had them; how many coins of each <see cref="Purse"/> says.</summary>
    private IEnumerable<string> Refunds()
    {
        var refunded = lines.Where(line => line.Kind == Kinds.GiftRefunded).ToList();
        var sides = lines.Where(line => line.Kind == Kinds.ClawedBack).ToLookup(line => (line.Transfer, line.Other));
        var purchases = lines.Where(line => line.Kind == Kinds.Purchase).Select(line => (line.Account, $"{line.Transfer}")).ToHashSet();
        foreach (var refund in lines.Where(line => line.Kind == Kinds.Refunded))
        {
            if (!purchases.Contains((refund.Account, refund.Content!))) yield return $"{refund} gives back nothing that was bought";
        }
        var reversed = lines.Where(line => line.Kind == Kinds.RefundReversed).Select(line => line.Content).ToHashSet();
        foreach (var lot in lines.Where(line => line.Kind == Kinds.Refunded && !reversed.Contains($"{line.Transfer}")).GroupBy(line => (line.Account, line.Content)).Where(lot => lot.Count() > 1))
            yield return $"refunded twice: {lot.First()}";
        foreach (var gift in refunded)
        {
            var mine = sides[(gift.Transfer, gift.Account)].ToList();
            if (mine.Count != 1 || mine[0].Account != gift.Other || mine[0].Diamonds != gift.Diamonds || mine[0].Amount is var taken && (taken > 0 || -taken > gift.Diamonds))
                yield return $"{gift} is taken back by {(mine.Count == 0 ? "nothing" : string.Join(" and ", mine))}";
        }
        var sent = lines.Where(line => line.Kind == Kinds.GiftSent).ToDictionary(line => (line.Account, $"{line.Transfer}"));
        var restored = lines.Where(line => line.Kind == Kinds.GiftRestored).ToList();
        foreach (var gift in refunded.Concat(restored).GroupBy(gift => (gift.Account, gift.Gift!)))
        {
            long Net(Func<Line, long?> of) => gift.Sum(part => (part.Kind == Kinds.GiftRefunded ? 1 : -1) * (of(part) ?? 0));
            if (!sent.TryGetValue(gift.Key, out var debit) || debit.Other != gift.First().Other || Net(part => part.Coins) is var coins && (coins < 0 || coins > -debit.Amount)
                || Net(part => part.Diamonds) is var diamonds && (diamonds < 0 || diamonds > debit.Diamonds))
                yield return $"more is taken back than {(debit is null ? "was ever sent" : debit)}: {gift.First()}";
        }
        foreach (var side in lines.Where(line => line.Kind == Kinds.ClawedBack && !refunded.Exists(gift => gift.Transfer == line.Transfer && gift.Account == line.Other))) yield return $"{side} has no refunded gift";
        foreach (var wrong in Restored(restored)) yield return wrong;
    }

    /// <summary>A restored gift returns to its creator what its refund had taken.</summary>
    private IEnumerable<string> Restored(List<Line> restored)
    {
        var taken = lines.Where(line => line.Kind == Kinds.ClawedBack).ToLookup(line => (line.Account, line.Content, line.Gift), line => -line.Amount);
        var sides = lines.Where(line => line.Kind == Kinds.ClawbackReversed).ToLookup(line => (line.Transfer, line.Other));
        foreach (var gift in restored)
        {
            var mine = sides[(gift.Transfer, gift.Account)].ToList();
            if (mine.Count != 1 || mine[0].Account != gift.Other || !taken[(mine[0].Account, gift.Content, gift.Gift)].SequenceEqual([mine[0].Amount]))
                yield return $"{gift} is returned by {(mine.Count == 0 ? "nothing" : string.Join(" and ", mine))}";
        }
        foreach (var side in lines.Where(line => line.Kind == Kinds.ClawbackReversed && !restored.Exists(gift => gift.Transfer == line.Transfer && gift.Account == line.Other))) yield return $"{side} has no restored gift";
    }

    private IEnumerable<string> Purses() =>
        _accounts.Where(account => account.Key.Item1 == Holder.Wallet).Select(account => Purse.Judge(account.Value, now)).OfType<string>();

    /// <summary>What the checkout told of a payment is what the books say of it in the end, in whatever order it came.</summary>
    private IEnumerable<string> Payments()
    {
        var reversed = lines.Where(line => line.Kind == Kinds.RefundReversed).Select(line => line.Content).ToHashSet();
        var standing = lines.Where(line => line.Kind == Kinds.Refunded && line.IsOfCheckout).ToLookup(line => line.Payment!, line => !reversed.Contains($"{line.Transfer}"));
        var bought = lines.Where(line => line.Kind == Kinds.Purchase && line.IsOfCheckout).Select(line => line.Payment!).ToHashSet();
        foreach (var payment in standing.Where(payment => !_tales.Contains(payment.Key))) yield return $"{payment.Key} was refunded, and nobody told so";
        foreach (var tales in _tales.Where(tales => tales.All(tale => tale.End == End.Ok) && bought.Contains(tales.Key)))
        {
            var isWon = tales.Any(tale => tale.Wish.Creator == "dispute.won");
            var stands = standing[tales.Key].Count(stands => stands);
            if (stands != (isWon ? 0 : 1)) yield return $"{tales.Key}, of which was told {string.Join(", ", tales.Select(tale => tale.Wish.Creator))}, has {stands} refunds that stand";
        }
    }

    /// <summary>Nobody wins twice (they would have one key); what is taken of the budget is given; whoever was told that it is used up was told the truth.</summary>
    private IEnumerable<string> Campaigns()
    {
        var given = lines.Where(line => line.Kind == Kinds.Granted).ToLookup(line => line.Content!, line => line.Amount);
        foreach (var (campaign, ofBudget) in taken)
            if (given[campaign].Sum() is var sum && (sum != ofBudget || sum > Workload.CoinsEach * Workload.Winners)) yield return $"{campaign} gave {sum} coins and took {ofBudget} of its budget";
        foreach (var campaign in history.Where(operation => operation.End == End.Refused && operation.Code == "campaign_exhausted").Select(operation => operation.Wish.Content).Distinct())
            if (given[campaign].Count() != Workload.Winners) yield return $"{campaign} said that its budget is used up; it has {given[campaign].Count()} winners";
    }
}
