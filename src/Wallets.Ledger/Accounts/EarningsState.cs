using System.Text.Json.Serialization;

namespace Wallets.Ledger.Accounts;

/// <summary>
/// A creator's diamonds by day of credit, and what of them is reserved for payouts or paid. The balance is what is neither
/// reserved nor paid. Which days are past the hold depends on the hold and the time of asking, so the fold keeps the days apart.
/// A payout takes what came back from failed payouts first, then the oldest days. What a refund claims and the creator no longer has
/// is owed, and the next diamonds that come pay it: the balance is what is there less what is owed.
/// </summary>
public sealed class EarningsState : AccountState
{
    /// <summary>No hold is longer, so older days are kept as one sum.</summary>
    public const int LongestHoldDays = 90;

    /// <summary>Diamonds past any hold, and those that came back from a payout.</summary>
    [JsonInclude] public long Released { get; private set; }

    /// <summary>Diamonds still there by day of credit, oldest first.</summary>
    [JsonInclude] public List<DayAmount> ByDay { get; private set; } = [];

    /// <summary>Diamonds that refunds claimed and that were not there.</summary>
    [JsonInclude] public long Owed { get; private set; }

    [JsonInclude] public long Reserved { get; private set; }
    [JsonInclude] public long Paid { get; private set; }
    [JsonInclude] public long LifetimeEarned { get; private set; }

    /// <summary>Diamonds reserved on the last day on which any were.</summary>
    [JsonInclude] public DayAmount LastReserved { get; private set; }

    /// <summary>
    /// Diamonds past the hold at <paramref name="now"/>. The hold of a day's diamonds runs from that day's end, so that it is never
    /// shorter than published; without a hold they are available at once. What is owed is not available.
    /// </summary>
    public long AvailableAt(DateTimeOffset now, TimeSpan hold) =>
        Math.Max(0, FreeAt(now, hold) - Owed);

    /// <summary>What is owed beyond the diamonds past the hold: what later earnings will pay.</summary>
    public long OwedAt(DateTimeOffset now, TimeSpan hold) => Math.Max(0, Owed - FreeAt(now, hold));

    /// <summary>Diamonds still within the hold.</summary>
    public long PendingAt(DateTimeOffset now, TimeSpan hold) => ByDay.Where(earned => IsHeld(earned.Day, now, hold)).Sum(earned => earned.Amount);

    private long FreeAt(DateTimeOffset now, TimeSpan hold) => Released + ByDay.Where(earned => !IsHeld(earned.Day, now, hold)).Sum(earned => earned.Amount);

    /// <summary>What is still held of a day's diamonds.</summary>
    public long HeldOf(int day, DateTimeOffset now, TimeSpan hold) =>
        IsHeld(day, now, hold) ? ByDay.Where(earned => earned.Day == day).Sum(earned => earned.Amount) : 0;

    /// <summary>The day by which a gift's diamonds are held: that of its credit, later for a payer who was flagged.</summary>
    public static int DayOf(Entry credit) => DayAmount.DayOf(credit.RecordedAt) + (credit.Detail?.HoldDays ?? 0);

    /// <summary>A day of the future is held in any case: its payer was flagged.</summary>
    private static bool IsHeld(int day, DateTimeOffset now, TimeSpan hold) =>
        day > DayAmount.DayOf(now) || (hold != TimeSpan.Zero && EndOf(day) + hold > now.UtcDateTime);

    protected override void Fold(Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.GiftReceived:
                LifetimeEarned += entry.Amount;
                Add(entry, DayOf(entry));
                break;
            case EntryKind.PayoutReserved:
                Reserve(entry, -entry.Amount);
                break;
            case EntryKind.PayoutReturned:
                if (entry.Amount > Reserved) throw new BrokenChainException(entry, $"returns more than the {Reserved} reserved");
                Reserved -= entry.Amount;
                Release(entry.Amount);
                break;
            case EntryKind.PayoutPaid:
                var paid = entry.Detail?.Diamonds ?? throw new BrokenChainException(entry, "does not say how many diamonds were paid");
                if (paid <= 0 || paid > Reserved) throw new BrokenChainException(entry, $"pays {paid} of {Reserved} reserved");
                Reserved -= paid;
                Paid += paid;
                break;
            case EntryKind.ClawedBack:
                ClawBack(entry, entry.Detail ?? throw new BrokenChainException(entry, "has no detail"));
                break;
            case EntryKind.ClawbackReversed:
                Add(entry, entry.Detail?.Day ?? throw new BrokenChainException(entry, "names no day"));
                break;
            case EntryKind.EarningsAdjusted when entry.Amount > 0:
                Release(entry.Amount);
                break;
            case EntryKind.EarningsAdjusted:
                TakeReleasedThenOldest(entry, -entry.Amount);
                break;
            default:
                throw new BrokenChainException(entry, "does not belong on earnings");
        }
    }

    /// <summary>What is owed is paid first.</summary>
    private long AfterDebt(long diamonds)
    {
        var repaid = Math.Min(Owed, diamonds);
        Owed -= repaid;
        return diamonds - repaid;
    }

    private void Release(long diamonds) => Released += AfterDebt(diamonds);

    private void Add(Entry entry, int day)
    {
        var diamonds = AfterDebt(entry.Amount);
        if (diamonds == 0) return;
        var known = DayAmount.Find(ByDay, day);
        if (known >= 0) ByDay[known] = new(day, ByDay[known].Amount + diamonds);
        else AddDay(new(day, diamonds));
        if (ByDay.Count > LongestHoldDays + 1) ReleaseBefore(DayAmount.DayOf(entry.RecordedAt) - LongestHoldDays);
    }

    private void AddDay(DayAmount earned) => ByDay.Insert(ByDay.FindLastIndex(earlier => earlier.Day < earned.Day) + 1, earned);

    private void ReleaseBefore(int oldest)
    {
        Released += ByDay.Where(earned => earned.Day < oldest).Sum(earned => earned.Amount);
        ByDay.RemoveAll(earned => earned.Day < oldest);
    }

    private void Reserve(Entry entry, long diamonds)
    {
        TakeReleasedThenOldest(entry, diamonds);
        Reserved += diamonds;
        var day = DayAmount.DayOf(entry.RecordedAt);
        LastReserved = new(day, diamonds + (LastReserved.Day == day ? LastReserved.Amount : 0));
    }

    private void ClawBack(Entry entry, EntryDetail detail)
    {
        var (pending, owed) = (detail.FromPending ?? 0, detail.Owed ?? 0);
        if (pending < 0 || owed < 0 || pending + owed > -entry.Amount || detail.Diamonds < -entry.Amount) throw new BrokenChainException(entry, "is no clawback");
        if (pending > 0)
        {
            var at = ByDay.FindIndex(earned => earned.Day == detail.Day);
            if (at < 0 || ByDay[at].Amount < pending) throw new BrokenChainException(entry, "takes more than is held of its day");
            ByDay[at] = ByDay[at] with { Amount = ByDay[at].Amount - pending };
            if (ByDay[at].Amount == 0) ByDay.RemoveAt(at);
        }
        TakeReleasedThenOldest(entry, -entry.Amount - pending - owed);
        Owed += owed;
    }

    private void TakeReleasedThenOldest(Entry entry, long diamonds)
    {
        var due = diamonds - Math.Min(diamonds, Released);
        Released -= diamonds - due;
        for (var i = 0; i < ByDay.Count && due > 0; i++)
        {
            var taken = Math.Min(due, ByDay[i].Amount);
            ByDay[i] = ByDay[i] with { Amount = ByDay[i].Amount - taken };
            due -= taken;
        }
        if (due > 0) throw new BrokenChainException(entry, $"takes {due} more than there is");
        ByDay.RemoveAll(earned => earned.Amount == 0);
    }

    private static DateTime EndOf(int day) => DateOnly.FromDayNumber(day + 1).ToDateTime(TimeOnly.MinValue);
}
