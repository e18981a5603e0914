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
public readonly record struct Lot(Guid PurchaseId, string Channel, Money Price, long PaidCoins, long Paid, long Bonus, DateTimeOffset? ExpiresAt);

/// <summary>
/// A wallet: its coins by lot, and what it spent. Spending takes bonus coins first, the earliest-expiring ones first, then paid
/// coins in the order they were bought; this order is published.
/// </summary>
public sealed class WalletState : AccountState
{
    /// <summary>Days of spending that are kept: today and the six before.</summary>
    public const int WindowDays = 7;

    /// <summary>Lots with coins left, oldest first.</summary>
    [JsonInclude] public List<Lot> Lots { get; private set; } = [];

    [JsonInclude] public long LifetimeSpent { get; private set; }

    /// <summary>Coins sent by day, oldest first, of the last <see cref="WindowDays"/> days at the last gift.</summary>
    [JsonInclude] public List<DayAmount> SpentByDay { get; private set; } = [];

    public long SpentOn(int day) => SpentByDay.Find(spent => spent.Day == day).Amount;

    /// <summary>Coins sent on <paramref name="day"/> and the six days before it.</summary>
    public long SpentInWeekTo(int day) => SpentByDay.Where(spent => spent.Day > day - WindowDays && spent.Day <= day).Sum(spent => spent.Amount);

    protected override void Fold(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Purchase:
                AddLot(entry, entry.Detail ?? throw new BrokenChainException(entry, "has no detail"));
                break;
            case EntryKind.GiftSent:
                Spend(entry, -entry.Amount);
                break;
            default:
                throw new BrokenChainException(entry, "does not belong on a wallet");
        }
    }

    private void AddLot(Entry entry, EntryDetail purchase)
    {
        var bonus = purchase.Bonus ?? 0;
        var paid = entry.Amount - bonus;
        if (bonus < 0 || paid < 0 || purchase.Price is null || purchase.Channel is null) throw new BrokenChainException(entry, "is not a lot");
        Lots.Add(new Lot(entry.TransferId, purchase.Channel, purchase.Price.Value, paid, paid, bonus, purchase.ExpiresAt));
    }

    private void Spend(Entry entry, long coins)
    {
        var due = coins;
        while (due > 0 && NextBonus() is var next and >= 0)
        {
            var taken = Math.Min(due, Lots[next].Bonus);
            Lots[next] = Lots[next] with { Bonus = Lots[next].Bonus - taken };
            due -= taken;
        }
        for (var i = 0; i < Lots.Count && due > 0; i++)
        {
            var taken = Math.Min(due, Lots[i].Paid);
            Lots[i] = Lots[i] with { Paid = Lots[i].Paid - taken };
            due -= taken;
        }
        if (due > 0) throw new BrokenChainException(entry, $"spends {due} more than its lots hold");
        Lots.RemoveAll(lot => lot.Paid + lot.Bonus == 0);

        LifetimeSpent += coins;
        var day = DayAmount.DayOf(entry.RecordedAt);
        var today = SpentByDay.FindIndex(spent => spent.Day == day);
        if (today >= 0) SpentByDay[today] = new(day, SpentByDay[today].Amount + coins);
        else SpentByDay.Add(new(day, coins));
        SpentByDay.RemoveAll(spent => spent.Day <= day - WindowDays);
    }

    /// <summary>The lot whose bonus coins expire next, the oldest one of several; -1 if there are no bonus coins.</summary>
    private int NextBonus()
    {
        var next = -1;
        for (var i = 0; i < Lots.Count; i++)
            if (Lots[i].Bonus > 0 && (next < 0 || (Lots[i].ExpiresAt ?? DateTimeOffset.MaxValue) < (Lots[next].ExpiresAt ?? DateTimeOffset.MaxValue))) next = i;
        return next;
    }
}
