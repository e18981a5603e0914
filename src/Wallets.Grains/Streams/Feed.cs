namespace Wallets.Grains.Streams;

/// <summary>
/// The latest frames of one epoch of a stream, one following the other, and the stream as the last one leaves it. The stream's grain has
/// one, and each gateway one of its own that is fed by the grain's; so either can say what somebody has missed. Frames come with the names
/// that may be told, and keep them; when one may be told no more, the grain begins anew. Bounded; what is older is told by a snapshot. Not
/// for several threads.
/// </summary>
internal sealed class Feed
{
    /// <summary>Half a minute of a stream in which something happens all the time.</summary>
    public const int MostFrames = 300;

    /// <summary>Lines in a snapshot.</summary>
    public const int MostLatest = 50;

    private readonly Queue<StreamFrame> _frames = new();
    private readonly List<FeedGift> _latest;
    private StreamFrame _last;

    /// <param name="snapshot">Where it begins.</param>
    public Feed(StreamFrame snapshot)
    {
        _last = snapshot;
        _latest = [.. snapshot.Gifts.TakeLast(MostLatest)];
    }

    public string Epoch => _last.Epoch;
    public long Number => _last.Number;
    public StreamFrame Last => _last;

    public StreamFrame Snapshot => _last with { After = 0, IsSnapshot = true, Gifts = [.. _latest], Merged = _latest.Sum(line => line.Gifts - 1), Dropped = 0 };

    /// <summary>Everybody whom it may name to somebody, once or more.</summary>
    public IEnumerable<string> Names =>
        _frames.Append(_last).SelectMany(frame => frame.Gifts.Select(line => line.UserId).Concat(frame.Top.Select(supporter => supporter.UserId)))
            .Concat(_latest.Select(line => line.UserId)).OfType<string>();

    /// <summary>Whether a frame is the next one.</summary>
    public bool IsNext(StreamFrame frame) => !frame.IsSnapshot && frame.Epoch == Epoch && frame.After == Number && frame.Number > Number;

    public void Add(StreamFrame frame)
    {
        if (!IsNext(frame)) throw new ArgumentException($"Frame {frame.After} to {frame.Number} of epoch {frame.Epoch} does not follow frame {Number} of {Epoch}.", nameof(frame));
        if (_frames.Count == MostFrames) _frames.Dequeue();
        _frames.Enqueue(frame);
        foreach (var line in frame.Gifts) Remember(line);
        _last = frame;
    }

    /// <summary>What happened after a frame up to another one, as one frame; null if that is not known, or not any more.</summary>
    public StreamFrame? Between(string? epoch, long after, long through)
    {
        if (epoch != Epoch || after < 0 || through > Number || after > through) return null;
        if (after == through) return after == Number ? Nothing : null;
        var frames = _frames.Where(frame => frame.After >= after && frame.Number <= through).ToList();
        return frames.Count > 0 && frames[0].After == after && frames[^1].Number == through ? Merge(frames) : null;
    }

    /// <summary>A frame in which nothing happens.</summary>
    private StreamFrame Nothing => _last with { After = Number, IsSnapshot = false, Gifts = [], Merged = 0, Dropped = 0 };

    private static StreamFrame Merge(List<StreamFrame> frames)
    {
        if (frames.Count == 1) return frames[0];
        var lines = new FeedLines();
        foreach (var frame in frames)
        {
            foreach (var line in frame.Gifts) lines.Add(line);
            lines.Drop(frame.Dropped);
        }
        var (shown, merged, dropped) = lines.Take();
        return frames[^1] with { After = frames[0].After, Gifts = shown, Merged = merged, Dropped = dropped };
    }

    private void Remember(FeedGift line)
    {
        if (line.StreakId is { } streak && _latest.FindIndex(known => known.StreakId == streak && known.UserId == line.UserId) is var at and >= 0)
        {
            line = FeedLines.Merge(_latest[at], line);
            _latest.RemoveAt(at);
        }
        if (_latest.Count == MostLatest) _latest.RemoveAt(0);
        _latest.Add(line);
    }
}
