namespace Wallets.Ledger.Accounts;

/// <summary>What one gift took of one lot.</summary>
/// <param name="Gift">The gift's debit.</param>
/// <param name="Paid">Paid coins it took of the lot.</param>
/// <param name="Bonus">Bonus coins it took of the lot.</param>
/// <param name="Diamonds">The lot's share of the gift's diamonds; over all lots of a gift the shares add up to its diamonds.</param>
/// <param name="PaidBefore">Paid coins that earlier entries had taken of the lot.</param>
public sealed record LotUse(Entry Gift, Guid Lot, long Paid, long Bonus, long Diamonds, long PaidBefore)
{
    public long Coins => Paid + Bonus;
}

/// <summary>
/// Which coins went where: the wallet's entries folded from the first one, with the uses of one lot, or of all lots by one gift, kept.
/// A pure function of the entries, so that a refund, a receipt and the audit find the same.
/// </summary>
public sealed class LotTrace
{
    private readonly Func<Entry, Guid, bool> _isWanted;
    private readonly List<Taken> _taken = [];
    private readonly Dictionary<Guid, long> _paidTaken = [];
    private readonly Dictionary<(Guid Gift, Guid Lot), (long Coins, long Diamonds)> _refunded = [];

    private LotTrace(Func<Entry, Guid, bool> isWanted)
    {
        _isWanted = isWanted;
        State = new WalletState { OnTaken = (_, taken) => _taken.Add(taken) };
    }

    public static LotTrace OfLot(Guid lot) => new((_, used) => used == lot);

    public static LotTrace OfGift(Guid gift) => new((entry, _) => entry.TransferId == gift);

    /// <summary>Keeps every use; for the audit.</summary>
    public static LotTrace OfAll() => new((_, _) => true);

    public WalletState State { get; }

    /// <summary>In the order of spending.</summary>
    public List<LotUse> Uses { get; } = [];

    /// <summary>Lots by their first entry: purchases, promotions, adjustments.</summary>
    public Dictionary<Guid, Entry> Lots { get; } = [];

    /// <summary>Refunds, their reversals, refunded and restored gifts, and changes of standing, in order.</summary>
    public List<Entry> Corrections { get; } = [];

    public void Apply(Entry entry)
    {
        _taken.Clear();
        State.Apply(entry);
        switch (entry.Kind)
        {
            case EntryKind.Purchase or EntryKind.BonusGranted:
            case EntryKind.Adjusted when entry.Amount > 0:
                Lots[entry.TransferId] = entry;
                break;
            case EntryKind.Refunded or EntryKind.RefundReversed or EntryKind.StandingChanged:
                Corrections.Add(entry);
                break;
            case EntryKind.GiftRefunded:
                Corrections.Add(entry);
                CountRefunded(entry.Detail!, 1);
                break;
            case EntryKind.GiftRestored:
                Corrections.Add(entry);
                CountRefunded(entry.Detail!, -1);
                break;
        }
        if (_taken.Count > 0) Keep(entry);
    }

    /// <summary>
    /// Applies the next line that is no gift, or the wanted gift itself, after the gifts before it, which are not read: what they took
    /// together is the difference of the balances.
    /// </summary>
    public void ApplyAfterGifts(Entry next)
    {
        if (next.Seq > State.Seq + 1)
        {
            _taken.Clear();
            var gifts = new Entry
            {
                AccountId = next.AccountId,
                Seq = next.Seq - 1,
                TransferId = Guid.Empty,
                Kind = EntryKind.GiftSent,
                Amount = 0,
                BalanceAfter = next.BalanceAfter - next.Amount,
                RecordedAt = State.LastRecordedAt,
            };
            State.ApplyRun(gifts);
            Keep(gifts);
        }
        Apply(next);
    }

    /// <summary>What refunds have undone of a use and not given back.</summary>
    public (long Coins, long Diamonds) RefundedOf(LotUse use) => _refunded.GetValueOrDefault((use.Gift.TransferId, use.Lot));

    /// <summary>Gifts of which more is refunded than the kept uses of that lot allow, or more restored than refunded.</summary>
    public IEnumerable<Guid> FindUntraceable()
    {
        var uses = Uses.ToDictionary(use => (use.Gift.TransferId, use.Lot));
        foreach (var (part, (coins, diamonds)) in _refunded)
            if (!uses.TryGetValue(part, out var use) || coins < 0 || diamonds < 0 || coins > use.Coins || diamonds > use.Diamonds) yield return part.Gift;
    }

    private void CountRefunded(EntryDetail detail, int sign)
    {
        var part = (detail.Gift!.Value, detail.Lot!.Value);
        var (coins, diamonds) = _refunded.GetValueOrDefault(part);
        _refunded[part] = (coins + sign * detail.Coins!.Value, diamonds + sign * detail.Diamonds!.Value);
    }

    private void Keep(Entry entry)
    {
        var lots = _taken.GroupBy(taken => taken.Lot).Select(lot => new Taken(lot.Key, lot.Sum(taken => taken.Paid), lot.Sum(taken => taken.Bonus))).ToList();
        var diamonds = entry.Gift is { } gift ? Shares.Split(gift.Diamonds, [.. lots.Select(lot => lot.Paid + lot.Bonus)]) : [];
        for (var i = 0; i < lots.Count; i++)
        {
            var (lot, paid, bonus) = lots[i];
            var before = _paidTaken.GetValueOrDefault(lot);
            _paidTaken[lot] = before + paid;
            if (diamonds.Length > 0 && _isWanted(entry, lot)) Uses.Add(new(entry, lot, paid, bonus, diamonds[i], before));
        }
    }
}
