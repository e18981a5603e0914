using System.Text.Json.Serialization;

namespace Wallets.Ledger.Accounts;

/// <summary>
/// A creator's diamonds by day of credit, and what of them is reserved for payouts or paid. The balance is what is neither
/// reserved nor paid. Which days are past the hold depends on the hold and the time of asking, so the fold keeps the days apart.
/// A payout takes what came back from failed payouts first, then the oldest days.
/// </summary>
public sealed class EarningsState : AccountState
{
    /// <summary>No hold is longer, so older days are kept as one sum.</summary>
    public const int LongestHoldDays = 90;

    /// <summary>Diamonds past any hold, and those that came back from a payout.</summary>
    [JsonInclude] public long Released { get; private set; }

    /// <summary>Diamonds still there by day of credit, oldest first.</summary>
    [JsonInclude] public List<DayAmount> ByDay { get; private set; } = [];

    [JsonInclude] public long Reserved { get; private set; }
    [JsonInclude] public long Paid { get; private set; }
    [JsonInclude] public long LifetimeEarned { get; private set; }

    /// <summary>Diamonds reserved on the last day on which any were.</summary>
    [JsonInclude] public DayAmount LastReserved { get; private set; }

    /// <summary>
    /// Diamonds past the hold at <paramref name="now"/>. The hold of a day's diamonds runs from that day's end, so that it is never
    /// shorter than published; without a hold they are available at once.
    /// </summary>
    public long AvailableAt(DateTimeOffset now, TimeSpan hold) =>
        Released + ByDay.Where(earned => hold == TimeSpan.Zero || EndOf(earned.Day) + hold <= now.UtcDateTime).Sum(earned => earned.Amount);

    protected override void Fold(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.GiftReceived:
                Credit(DayAmount.DayOf(entry.RecordedAt), entry.Amount);
                break;
            case EntryKind.PayoutReserved:
                Reserve(entry, -entry.Amount);
                break;
            case EntryKind.PayoutReturned:
                if (entry.Amount > Reserved) throw new BrokenChainException(entry, $"returns more than the {Reserved} reserved");
                Reserved -= entry.Amount;
                Released += entry.Amount;
                break;
            case EntryKind.PayoutPaid:
                var paid = entry.Detail?.Diamonds ?? throw new BrokenChainException(entry, "does not say how many diamonds were paid");
                if (paid <= 0 || paid > Reserved) throw new BrokenChainException(entry, $"pays {paid} of {Reserved} reserved");
                Reserved -= paid;
                Paid += paid;
                break;
            default:
                throw new BrokenChainException(entry, "does not belong on earnings");
        }
    }

    private void Credit(int day, long diamonds)
    {
        LifetimeEarned += diamonds;
        var known = ByDay.FindIndex(earned => earned.Day == day);
        if (known >= 0) ByDay[known] = new(day, ByDay[known].Amount + diamonds);
        else ByDay.Add(new(day, diamonds));
        if (ByDay.Count > LongestHoldDays + 1)
        {
            Released += ByDay.Where(earned => earned.Day < day - LongestHoldDays).Sum(earned => earned.Amount);
            ByDay.RemoveAll(earned => earned.Day < day - LongestHoldDays);
        }
    }

    private void Reserve(Entry entry, long diamonds)
    {
        var due = diamonds - Math.Min(diamonds, Released);
        Released -= diamonds - due;
        for (var i = 0; i < ByDay.Count && due > 0; i++)
        {
            var taken = Math.Min(due, ByDay[i].Amount);
            ByDay[i] = ByDay[i] with { Amount = ByDay[i].Amount - taken };
            due -= taken;
        }
        if (due > 0) throw new BrokenChainException(entry, $"reserves {due} more than there is");
        ByDay.RemoveAll(earned => earned.Amount == 0);

        Reserved += diamonds;
        var day = DayAmount.DayOf(entry.RecordedAt);
        LastReserved = new(day, diamonds + (LastReserved.Day == day ? LastReserved.Amount : 0));
    }

    private static DateTime EndOf(int day) => DateOnly.FromDayNumber(day + 1).ToDateTime(TimeOnly.MinValue);
}
