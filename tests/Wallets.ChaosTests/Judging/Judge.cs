using Wallets.ChaosTests.Cluster;
using Wallets.ChaosTests.Work;

namespace Wallets.ChaosTests.Judging;

/// <param name="Invariant">Its number in src/README.md.</param>
/// <param name="Found">How often it was broken.</param>
/// <param name="Examples">Some of them.</param>
internal sealed record Verdict(int Invariant, string Says, int Found, IReadOnlyList<string> Examples)
{
    public bool Holds => Found == 0;
}

/// <summary>
/// Says from the history and the database alone whether every invariant held: it rebuilds each account line by line, compares
/// what was answered with what is written both ways, and lets <see cref="Model"/> replay the whole.
/// </summary>
internal sealed partial class Judge(IReadOnlyCollection<Operation> history, IReadOnlyList<Line> lines, IReadOnlyList<Transfer>? transfers, IReadOnlyDictionary<string, long> taken, DateTimeOffset now)
{
    private const int Examples = 10;

    private readonly Dictionary<(Holder, string), List<Line>> _accounts = lines.GroupBy(line => (line.Holder, line.Account)).ToDictionary(account => account.Key, account => account.ToList());
    private readonly ILookup<string, Operation> _tales = history.Where(operation => operation.Wish.Act == Act.Tale).ToLookup(operation => operation.Wish.Content);
    private readonly ILookup<(string, Guid), Line> _effects = lines.Where(line => line.IsOwn).ToLookup(line => (line.Account, line.Key));

    /// <param name="coinsOf">What a wallet's grain answers now.</param>
    /// <param name="diamondsOf">What a creator's grain answers now.</param>
    /// <param name="unsettled">Gifts in flight when the time to settle was over.</param>
    public async Task<IReadOnlyList<Verdict>> Decide(Func<string, Task<long>> coinsOf, Func<string, Task<long>> diamondsOf, long unsettled) =>
    [
        Of(1, "coins and diamonds sum to zero with the system's side", SumToZero()),
        Of(2, "each balance is what its grain answers when quiet, each coin of the lot that the published order says", [.. await AgreeWithGrains(coinsOf, diamondsOf), .. Purses()]),
        Of(3, "no gap, no repeat, each balance follows the one before", Chain()),
        Of(4, "every gift has exactly its credit, every refund takes back its own lot's gifts", [.. Credits(), .. Refunds()]),
        Of(5, "acknowledged is present once, refused is absent; a payout ends once and is paid once; a campaign gives what it takes of its budget", [.. Outcomes(), .. Payments(), .. Payouts(), .. Campaigns()]),
        Of(6, "one key has one effect and one answer, and a single-threaded model explains every answer", [.. Answers(), .. new Model(history, lines).Unexplained()]),
        Of(7, "no balance is below zero", lines.Where(line => line.After < 0 && line.Holder == Holder.Wallet).Select(line => $"{line}")),
        Of(8, "nothing stays in flight", unsettled == 0 ? [] : [$"{unsettled} gifts are unsettled"]),
    ];

    private static Verdict Of(int invariant, string says, IEnumerable<string> violations)
    {
        var all = violations.ToList();
        return new(invariant, says, all.Count, [.. all.Take(Examples)]);
    }

    private IEnumerable<string> SumToZero()
    {
        long Sum(short kind) => lines.Where(line => line.Kind == kind).Sum(line => line.Amount);
        long Held(Holder holder) => _accounts.Where(account => account.Key.Item1 == holder).Sum(account => account.Value[^1].After);

        var (issued, redeemed, refunded, expired) = (Sum(Kinds.Purchase) + Sum(Kinds.Granted) + Sum(Kinds.Adjusted), -Sum(Kinds.GiftSent), -Sum(Kinds.Refunded) - Sum(Kinds.RefundReversed), -Sum(Kinds.Expired));
        if (Held(Holder.Wallet) + redeemed + refunded + expired != issued) yield return $"wallets hold {Held(Holder.Wallet)} coins; {issued} were issued, {redeemed} redeemed, {refunded} refunded, {expired} expired";

        var earned = lines.Where(line => line.Kind == Kinds.GiftSent).Sum(line => line.Diamonds ?? 0);
        var (credited, reserved, takenBack) = (Sum(Kinds.GiftReceived), -Sum(Kinds.PayoutReserved) - Sum(Kinds.PayoutReturned), -Sum(Kinds.ClawedBack) - Sum(Kinds.ClawbackReversed));
        var adjusted = Sum(Kinds.EarningsAdjusted);
        var inFlight = earned - credited;
        if (Held(Holder.Creator) + reserved + takenBack + inFlight != earned + adjusted || inFlight < 0)
            yield return $"creators hold {Held(Holder.Creator)} diamonds, {reserved} are reserved, {takenBack} taken back, {inFlight} in flight; {earned} were issued, {adjusted} adjusted";
    }

    private async Task<IEnumerable<string>> AgreeWithGrains(Func<string, Task<long>> coinsOf, Func<string, Task<long>> diamondsOf)
    {
        var violations = await Task.WhenAll(_accounts.Select(async account =>
        {
            var ((holder, name), last) = (account.Key, account.Value[^1].After);
            try
            {
                var answered = holder == Holder.Wallet ? await coinsOf(name) : await diamondsOf(name);
                return answered == last ? null : $"{name} answers {answered}; its last line says {last}";
            }
            catch (InvalidOperationException silent)
            {
                return $"{name}: {silent.Message}";
            }
        }));
        return violations.OfType<string>();
    }

    private IEnumerable<string> Chain()
    {
        foreach (var account in _accounts.Values)
        {
            var (seq, balance) = (0L, 0L);
            foreach (var line in account)
            {
                if (line.Seq != seq + 1 || line.After != balance + line.Amount) yield return $"{line} does not follow {seq} with {balance}";
                (seq, balance) = (line.Seq, line.After);
            }
        }
    }

    private IEnumerable<string> Credits()
    {
        var credits = lines.Where(line => line.Kind == Kinds.GiftReceived).ToLookup(line => (line.Transfer, line.Other));
        var gifts = new HashSet<(Guid, string?)>();
        foreach (var gift in lines.Where(line => line.Kind == Kinds.GiftSent))
        {
            gifts.Add((gift.Transfer, gift.Account));
            var mine = credits[(gift.Transfer, gift.Account)].ToList();
            var due = Math.Max(1, (-gift.Amount + 1) / 2);   // one diamond for two coins, rounded half up
            if (mine.Count != 1 || mine[0].Amount != due || mine[0].Account != gift.Other || gift.Diamonds != due)
                yield return $"{gift} is credited by {(mine.Count == 0 ? "nothing" : string.Join(" and ", mine))}";
        }
        foreach (var credit in lines.Where(line => line.Kind == Kinds.GiftReceived && !gifts.Contains((line.Transfer, line.Other)))) yield return $"{credit} has no gift";
    }

    private IEnumerable<string> Outcomes()
    {
        var known = new HashSet<(string, Guid)>();
        foreach (var key in history.Where(operation => operation.Wish.Act != Act.Tale).GroupBy(operation => (operation.Wish.Subject, operation.Wish.Key)))
        {
            known.Add(key.Key);
            var effects = _effects[key.Key].ToList();
            var mayBe = key.Where(operation => operation.End != End.Refused).ToList();
            if (effects.Count > 1) yield return $"{key.Key} is in the ledger {effects.Count} times";
            if (effects.Count == 0 && mayBe.Find(operation => operation.End == End.Ok) is { } lost && !IsSamePaymentAsBefore(lost) && !(lost.Wish.Act == Act.Checkout && _tales.Contains(lost.Wish.Content))) yield return $"acknowledged and lost: {lost}";
            if (effects.Count > 0 && mayBe.Count == 0) yield return $"refused and written: {key.First()}";
            if (effects.Count == 1 && mayBe.Count > 0 && !mayBe.Exists(operation => effects[0].Fulfils(operation.Wish))) yield return $"{effects[0]} is not what was asked: {key.First()}";
        }
        foreach (var line in lines.Where(line => line.IsOwn && !known.Contains((line.Account, line.Key)))) yield return $"nobody asked for {line}";
        known.UnionWith(lines.Where(line => line.Kind == Kinds.Refunded && line.IsOfCheckout && _tales.Contains(line.Payment!)).Select(line => (line.Account, line.Transfer)));
        foreach (var line in lines.Where(line => line.IsOfRefund && !known.Contains((line.Other is { } other && line.Holder == Holder.Creator ? other : line.Account, Guid.Parse(line.Content!))))) yield return $"nobody asked for the refund of {line}";
        foreach (var payment in lines.Where(line => line.Kind == Kinds.Purchase).GroupBy(line => line.Payment).Where(payment => payment.Count() > 1))
            yield return $"{payment.Key} minted {payment.Count()} times: {string.Join(" and ", payment)}";
    }

    /// <summary>By the provider's own list: what has left, has left once, and is written down as paid.</summary>
    private IEnumerable<string> Payouts()
    {
        var ends = lines.Where(line => line.Kind is Kinds.PayoutReturned or Kinds.PayoutPaid).ToLookup(line => (line.Account, line.Content));
        var reserved = lines.Where(line => line.Kind == Kinds.PayoutReserved).ToList();
        foreach (var payout in reserved.Where(payout => ends[(payout.Account, $"{payout.Transfer}")].Count() > 1)) yield return $"{payout} ended more than once";
        foreach (var payout in reserved)
            foreach (var end in ends[(payout.Account, $"{payout.Transfer}")])
                if ((end.Kind == Kinds.PayoutPaid ? end.Diamonds : end.Amount) != -payout.Amount) yield return $"{end} is not the end of {payout}";
        if (transfers is null) yield break;

        foreach (var order in transfers.GroupBy(transfer => transfer.IdempotencyKey).Where(order => order.Count() > 1)) yield return $"the provider paid {order.Key} {order.Count()} times";
        var paid = lines.Count(line => line.Kind == Kinds.PayoutPaid);
        if (paid != transfers.Count) yield return $"{paid} payouts are paid by the books, {transfers.Count} by the provider";
    }

    /// <summary>A proof that its own user offers again under another key is answered with what it minted.</summary>
    private bool IsSamePaymentAsBefore(Operation operation) =>
        operation.Wish.Act == Act.Purchase && _accounts.TryGetValue((Holder.Wallet, operation.Wish.Subject), out var account) && account.Exists(line => line.Kind == Kinds.Purchase && line.Payment == operation.Wish.Content);

    private IEnumerable<string> Answers()
    {
        foreach (var operation in history.Where(operation => operation.End == End.Ok))
        {
            if (_effects[(operation.Wish.Subject, operation.Wish.Key)].FirstOrDefault() is not { } line) continue;   // reported as lost, or not this key's
            if (!line.Fulfils(operation.Wish)) yield return $"answered as done, but the key stands for {line}: {operation}";
            if (operation.BalanceAfter is { } balance && balance != line.After) yield return $"answered balance {balance}, the line says {line.After}: {operation}";
        }
    }
}
