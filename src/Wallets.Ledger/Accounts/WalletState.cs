using System.Text.Json.Serialization;

namespace Wallets.Ledger.Accounts;

/// <summary>
/// The coins of one purchase that are still there. Paid coins may become money for creators; bonus coins were given.
/// </summary>
/// <param name="PurchaseId">The purchase's transfer id.</param>
/// <param name="Price">What was paid for <paramref name="PaidCoins"/> coins: together the unit price.</param>
/// <param name="PaidCoins">How many paid coins the lot began with.</param>
/// <param name="Paid">How many of them are left.</param>
/// <param name="Bonus">How many given coins are left.</param>
/// <param name="ExpiresAt">When the bonus coins expire; null for never.</param>
public readonly record struct Lot(Guid PurchaseId, string Channel, Money Price, long PaidCoins, long Paid, long Bonus, DateTimeOffset? ExpiresAt)
{
    public bool HasExpired(DateTimeOffset now) => Bonus > 0 && ExpiresAt <= now;

    /// <summary>The channel of coins that a promotion gave.</summary>
    public const string OfPromotion = "promotion";

    /// <summary>The channel of coins that an operator gave.</summary>
    public const string OfAdjustment = "adjustment";
}

/// <summary>Whether a wallet may spend, and how long what it spends is held.</summary>
public static class Standing
{
    public const string Good = "good";

    /// <summary>It may spend; its gifts' diamonds are held longer.</summary>
    public const string Flagged = "flagged";

    /// <summary>It may not spend; it can be read, and may buy.</summary>
    public const string Frozen = "frozen";

    public static bool IsKnown(string? standing) => standing is Good or Flagged or Frozen;
}

/// <summary>Coins of one lot that one entry took.</summary>
public readonly record struct Taken(Guid Lot, long Paid, long Bonus);

/// <summary>
/// A wallet: its coins by lot, and what it spent. Spending takes bonus coins first, the earliest-expiring ones first, then paid
/// coins in the order they were bought; this order is published. A lot that a reversed refund gave back queues at the end.
/// </summary>
public sealed class WalletState : AccountState
{
    /// <summary>Days of spending that are kept: today and the six before.</summary>
    public const int WindowDays = 7;

    /// <summary>Lots with coins left, oldest first.</summary>
    [JsonInclude] public List<Lot> Lots { get; private set; } = [];

    [JsonInclude] public long LifetimeSpent { get; private set; }

    /// <summary>Coins of gifts that were refunded and not restored. Required, so that a snapshot from before it was counted is left aside.</summary>
    [JsonInclude, JsonRequired] public long LifetimeRefunded { get; private set; }

    /// <summary>Coins sent by day, oldest first, of the last <see cref="WindowDays"/> days at the last gift.</summary>
    [JsonInclude] public List<DayAmount> SpentByDay { get; private set; } = [];

    [JsonInclude] public string Standing { get; private set; } = Accounts.Standing.Good;

    /// <summary>Told of what each spending entry takes from which lot, while the account is folded; for <see cref="LotTrace"/>.</summary>
    [JsonIgnore] internal Action<Entry, Taken>? OnTaken { get; init; }

    public long SpentOn(int day) => DayAmount.Find(SpentByDay, day) is var at and >= 0 ? SpentByDay[at].Amount : 0;

    /// <summary>Coins sent on <paramref name="day"/> and the six days before it.</summary>
    public long SpentInWeekTo(int day)
    {
        long sum = 0;
        foreach (var spent in SpentByDay)
            if (spent.Day > day - WindowDays && spent.Day <= day) sum += spent.Amount;
        return sum;
    }

    /// <summary>Whether there are bonus coins whose time is over at <paramref name="now"/>.</summary>
    public bool HasExpired(DateTimeOffset now)
    {
        foreach (var lot in Lots)
            if (lot.HasExpired(now)) return true;
        return false;
    }

    protected override void Fold(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Purchase or EntryKind.BonusGranted:
                AddLot(entry, DetailOf(entry));
                break;
            case EntryKind.GiftSent:
                Take(entry, -entry.Amount);
                CountSpending(entry, -entry.Amount);
                break;
            case EntryKind.Expired:
                TakeFromLot(entry, DetailOf(entry), paid: 0, bonus: -entry.Amount);
                break;
            case EntryKind.Refunded when DetailOf(entry) is var refund:
                TakeFromLot(entry, refund, paid: -entry.Amount - (refund.Bonus ?? 0), bonus: refund.Bonus ?? 0);
                break;
            case EntryKind.RefundReversed when DetailOf(entry) is var reversal:
                GiveBack(entry, reversal, paid: entry.Amount - (reversal.Bonus ?? 0), bonus: reversal.Bonus ?? 0);
                break;
            case EntryKind.Adjusted when entry.Amount < 0:
                Take(entry, -entry.Amount);
                break;
            case EntryKind.Adjusted:
                Lots.Add(new Lot(entry.TransferId, Lot.OfAdjustment, default, 0, 0, entry.Amount, null));
                break;
            case EntryKind.GiftRefunded or EntryKind.GiftRestored:   // moves diamonds, not coins
                LifetimeRefunded += entry.Kind == EntryKind.GiftRefunded ? DetailOf(entry).Coins ?? 0 : -(DetailOf(entry).Coins ?? 0);
                break;
            case EntryKind.StandingChanged:
                Standing = DetailOf(entry).Standing is { } standing && Accounts.Standing.IsKnown(standing) ? standing : throw new BrokenChainException(entry, "names no standing");
                break;
            default:
                throw new BrokenChainException(entry, "does not belong on a wallet");
        }
    }

    private static EntryDetail DetailOf(Entry entry) => entry.Detail ?? throw new BrokenChainException(entry, "has no detail");

    private void AddLot(Entry entry, EntryDetail detail)
    {
        var isGranted = entry.Kind == EntryKind.BonusGranted;
        var bonus = isGranted ? entry.Amount : detail.Bonus ?? 0;
        var paid = entry.Amount - bonus;
        if (bonus < 0 || paid < 0 || (!isGranted && (detail.Price is null || detail.Channel is null))) throw new BrokenChainException(entry, "is not a lot");
        Lots.Add(new Lot(entry.TransferId, isGranted ? Lot.OfPromotion : detail.Channel!, detail.Price ?? default, paid, paid, bonus, detail.ExpiresAt));
    }

    private void Take(Entry entry, long coins)
    {
        var due = coins;
        while (due > 0 && NextBonus() is var next and >= 0)
        {
            var taken = Math.Min(due, Lots[next].Bonus);
            Lots[next] = Lots[next] with { Bonus = Lots[next].Bonus - taken };
            OnTaken?.Invoke(entry, new(Lots[next].PurchaseId, 0, taken));
            due -= taken;
        }
        for (var i = 0; i < Lots.Count && due > 0; i++)
        {
            var taken = Math.Min(due, Lots[i].Paid);
            if (taken == 0) continue;
            Lots[i] = Lots[i] with { Paid = Lots[i].Paid - taken };
            OnTaken?.Invoke(entry, new(Lots[i].PurchaseId, taken, 0));
            due -= taken;
        }
        if (due > 0) throw new BrokenChainException(entry, $"takes {due} more than its lots hold");
        Lots.RemoveAll(lot => lot.Paid + lot.Bonus == 0);
    }

    private void TakeFromLot(Entry entry, EntryDetail detail, long paid, long bonus)
    {
        if (paid == 0 && bonus == 0) return;
        var at = Lots.FindIndex(lot => lot.PurchaseId == detail.Lot);
        if (at < 0 || paid < 0 || bonus < 0 || paid > Lots[at].Paid || bonus > Lots[at].Bonus) throw new BrokenChainException(entry, "takes more than its lot holds");
        Lots[at] = Lots[at] with { Paid = Lots[at].Paid - paid, Bonus = Lots[at].Bonus - bonus };
        if (Lots[at].Paid + Lots[at].Bonus == 0) Lots.RemoveAt(at);
    }

    /// <summary>The reversal repeats the lot's terms, because a lot without coins is not remembered.</summary>
    private void GiveBack(Entry entry, EntryDetail detail, long paid, long bonus)
    {
        if (paid < 0 || bonus < 0 || detail is not { Lot: { } lot, Channel: { } channel, LotPrice: { } price, Coins: { } paidCoins }) throw new BrokenChainException(entry, "is no reversal");
        if (paid + bonus == 0) return;
        var at = Lots.FindIndex(known => known.PurchaseId == lot);
        if (at < 0) Lots.Add(new Lot(lot, channel, price, paidCoins, paid, bonus, detail.ExpiresAt));
        else Lots[at] = Lots[at] with { Paid = Lots[at].Paid + paid, Bonus = Lots[at].Bonus + bonus };
    }

    private void CountSpending(Entry entry, long coins)
    {
        LifetimeSpent += coins;
        var day = DayAmount.DayOf(entry.RecordedAt);
        var today = DayAmount.Find(SpentByDay, day);
        if (today >= 0) SpentByDay[today] = new(day, SpentByDay[today].Amount + coins);
        else SpentByDay.Add(new(day, coins));
        if (SpentByDay.Count > 1) ForgetSpending(day - WindowDays);
    }

    private void ForgetSpending(int throughDay) => SpentByDay.RemoveAll(spent => spent.Day <= throughDay);

    /// <summary>The lot whose bonus coins expire next, the oldest one of several; -1 if there are no bonus coins.</summary>
    private int NextBonus()
    {
        var next = -1;
        for (var i = 0; i < Lots.Count; i++)
            if (Lots[i].Bonus > 0 && (next < 0 || (Lots[i].ExpiresAt ?? DateTimeOffset.MaxValue) < (Lots[next].ExpiresAt ?? DateTimeOffset.MaxValue))) next = i;
        return next;
    }
}
