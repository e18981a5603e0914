namespace Wallets.Web.Live;

/// <summary>
/// Taps on one gift at one price, told to the wallet as a running total. Owns how many pieces were tapped and how many the wallet says are charged.
/// One message is under way at a time, and what is tapped meanwhile goes into the next; a message whose outcome is not known is told
/// again as it was before any higher total is. If the page dies, what the wallet took is charged, and nothing else ever is.
/// </summary>
internal sealed class TapStreak(Guid streamId, string giftId, Coins price)
{
    /// <summary>Shorter than the wallet's by what a message may take on its way, so that no tap comes too late for its streak.</summary>
    private static readonly TimeSpan QuietTime = Streak.QuietTime * 0.8;

    private StreakOrder? _told;
    private DateTimeOffset? _quietSince;
    private bool _hasEnded;

    public Guid Id { get; } = Guid.CreateVersion7();
    public string GiftId => giftId;
    public Coins Price => price;
    public int Tapped { get; private set; }
    public int Charged { get; private set; }

    /// <summary>The wallet has said what became of every tap.</summary>
    public bool IsSettled => _told is null && Tapped == Charged;

    /// <summary>Whether somebody tells the totals just now.</summary>
    public bool IsBeingTold { get; set; }

    /// <summary>Whether more pieces go into this streak; if not, they begin another one.</summary>
    public bool Takes(int pieces, DateTimeOffset now) => !_hasEnded && !IsQuiet(now) && Tapped + pieces <= GiftOrder.MaxQuantity;

    /// <summary>Nothing comes of it any more.</summary>
    public bool IsOver(DateTimeOffset now) => IsSettled && (_hasEnded || IsQuiet(now));

    public void Tap(int pieces, DateTimeOffset now)
    {
        Tapped += pieces;
        _quietSince ??= now;
    }

    /// <summary>What to tell the wallet next, or null if it knows all.</summary>
    public StreakOrder? Next()
    {
        if (_told is null && Tapped > Charged) _told = new StreakOrder(Id, streamId, giftId, Tapped, Price: price);
        return _told;
    }

    /// <summary>The wallet took the message; it may know of more than the message said.</summary>
    public void Take(Streak streak, DateTimeOffset now)
    {
        _told = null;
        _quietSince = now;
        Charged = streak.Total;
        Tapped = Math.Max(Tapped, Charged);
        _hasEnded = streak.Status == Streak.Ended;
    }

    /// <summary>The wallet refused the message, so whatever is not charged by now is not going to be.</summary>
    /// <param name="streak">The streak as it stands; null if nothing was charged for it.</param>
    public void Refuse(Streak? streak)
    {
        _told = null;
        Tapped = Charged = streak?.Total ?? 0;
        _hasEnded = streak?.Status == Streak.Ended;
    }

    private bool IsQuiet(DateTimeOffset now) => now - _quietSince > QuietTime;
}
