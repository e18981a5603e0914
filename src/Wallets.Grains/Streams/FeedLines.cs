namespace Wallets.Grains.Streams;

/// <summary>
/// Lines of a feed in the making: gifts of one kind from one viewer share a line, and those of one streak do. A line that has lost its
/// name shares one with its streak only, as it may be anybody's. Bounded; what finds no place is counted.
/// </summary>
internal sealed class FeedLines
{
    /// <summary>Lines that a frame shows: at ten frames a second more than anybody reads.</summary>
    public const int MostShown = 20;

    private const int MostCollected = 2_000;

    private readonly Dictionary<(string? UserId, string GiftId, Guid? StreakId), int> _places = [];
    private readonly List<FeedGift> _lines = [];

    public long Dropped { get; private set; }
    public bool IsEmpty => _lines.Count == 0 && Dropped == 0;

    public void Add(Credit gift) => Add(new FeedGift(gift.UserId, gift.GiftId, gift.Quantity, new(gift.Coins), 1, gift.Streak, gift.Streak is null ? null : gift.StreakTotal));

    public void Add(FeedGift line)
    {
        var key = (line.UserId, line.GiftId, line.StreakId);
        var mayShare = line.UserId is not null || line.StreakId is not null;
        if (mayShare && _places.TryGetValue(key, out var place))
        {
            _lines[place] = Merge(_lines[place], line);
        }
        else if (_lines.Count < MostCollected)
        {
            _places[key] = _lines.Count;
            _lines.Add(line);
        }
        else
        {
            Dropped += line.Gifts;
        }
    }

    public void Drop(long gifts) => Dropped += gifts;

    /// <summary>The lines that are worth most, in their order, and how many gifts the others are; then it is empty.</summary>
    public (FeedGift[] Shown, long Merged, long Dropped) Take()
    {
        var shown = _lines.Count <= MostShown
            ? [.. _lines]
            : _lines.Select((line, place) => (Line: line, Place: place)).OrderByDescending(line => line.Line.Coins.Value).Take(MostShown).OrderBy(line => line.Place).Select(line => line.Line).ToArray();
        var sent = Dropped + _lines.Sum(line => (long)line.Gifts);
        var told = shown.Sum(line => (long)line.Gifts);
        _lines.Clear();
        _places.Clear();
        Dropped = 0;
        return (shown, told - shown.Length, sent - told);
    }

    /// <summary>One line of two, the second one being the later.</summary>
    public static FeedGift Merge(FeedGift line, FeedGift later) => line with
    {
        Quantity = line.Quantity + later.Quantity,
        Coins = line.Coins + later.Coins,
        Gifts = line.Gifts + later.Gifts,
        StreakTotal = line.StreakTotal is { } total ? Math.Max(total, later.StreakTotal ?? 0) : null,
    };
}
