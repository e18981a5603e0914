using CsCheck;
using Wallets.Grains;
using Wallets.Grains.Streams;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>Frames, lines and leaderboards by themselves.</summary>
public sealed class FeedTests
{
    private static readonly Guid Stream = Guid.NewGuid();

    private static readonly Gen<Credit> Gifts = Gen.Select(Gen.Int[0, 30], Gen.Int[0, 2], Gen.Int[1, 50], Gen.Int[0, 3], (user, gift, quantity, streak) =>
        new Credit(Guid.NewGuid(), user, quantity, $"user{user}", Stream, $"gift{gift}", quantity, quantity * (gift + 1L), 0, streak == 0 ? new Guid(user, (short)gift, 0, new byte[8]) : null, quantity));

    [Fact]
    public void Whoever_goes_on_from_any_frame_is_told_every_gift_once() => Gen.Select(Gifts.Array[0, 60].Array[1, 40], Gen.Int[0, 1_000]).Sample((batches, seed) =>
    {
        var feed = Begun();
        var random = new Random(seed);
        var (mine, told) = (0L, 0L);
        foreach (var batch in batches)
        {
            feed.Add(Next(feed, batch));
            if (random.Next(3) > 0) continue;
            var missed = feed.Between(feed.Epoch, mine, feed.Number)!;   // a reconnect, or a gateway that was busy
            if (missed.After != mine || missed.Gifts.Length > FeedLines.MostShown) return false;
            (mine, told) = (missed.Number, told + missed.Gifts.Sum(line => line.Gifts) + missed.Dropped);
        }
        var last = feed.Between(feed.Epoch, mine, feed.Number)!;
        return told + last.Gifts.Sum(line => line.Gifts) + last.Dropped == batches.Sum(batch => batch.Length)
            && last.Merged == last.Gifts.Sum(line => line.Gifts - 1);
    });

    [Fact]
    public void What_is_too_old_or_of_another_epoch_or_never_was_is_not_told()
    {
        var feed = Begun();
        for (var n = 0; n <= Feed.MostFrames; n++) feed.Add(Next(feed, []));

        Assert.Null(feed.Between(feed.Epoch, 0, feed.Number));
        Assert.NotNull(feed.Between(feed.Epoch, 1, feed.Number));
        Assert.Null(feed.Between("another", 1, feed.Number));
        Assert.Null(feed.Between(feed.Epoch, feed.Number + 1, feed.Number + 1));
        Assert.Null(feed.Between(feed.Epoch, -1, feed.Number));
        Assert.Throws<ArgumentException>(() => feed.Add(feed.Last));
    }

    [Fact]
    public void A_streak_is_one_line_that_grows()
    {
        var (feed, streak) = (Begun(), Guid.NewGuid());
        for (var total = 1; total <= 20; total++)
            feed.Add(Next(feed, [new Credit(Guid.NewGuid(), 1, 1, "ann", Stream, "rose", 1, 1, 0, streak, total), new Credit(Guid.NewGuid(), 2, 1, "bob", Stream, "rose", 1, 1)]));

        var snapshot = feed.Snapshot;
        var hers = Assert.Single(snapshot.Gifts, line => line.UserId == "ann");
        Assert.Equal((20L, new Coins(20), 20, streak, 20), (hers.Quantity, hers.Coins, hers.Gifts, hers.StreakId, hers.StreakTotal));
        Assert.Equal(20, snapshot.Gifts.Count(line => line.UserId == "bob"));
        Assert.Equal((true, feed.Number), (snapshot.IsSnapshot, snapshot.Number));
    }

    [Fact]
    public void Lines_without_a_name_may_be_anybodys_and_are_one_only_if_they_are_of_one_streak()
    {
        var (lines, streak) = (new FeedLines(), Guid.NewGuid());
        for (var n = 0; n < 2; n++)
        {
            lines.Add(new FeedGift(null, "rose", 1, new(1), 1));
            lines.Add(new FeedGift(null, "rose", 3, new(3), 1, streak, 3 * (n + 1)));
            lines.Add(new FeedGift("ann", "rose", 5, new(5), 1));
        }

        var (shown, merged, dropped) = lines.Take();

        Assert.Equal([(null, 1), (null, 6), ("ann", 10), (null, 1)], shown.Select(line => (line.UserId, (int)line.Quantity)));
        Assert.Equal((6, 2, 0), (shown.Single(line => line.StreakId == streak).StreakTotal, merged, dropped));
    }

    [Fact]
    public void A_frame_of_a_flood_is_bounded_shows_what_is_worth_most_and_counts_the_rest()
    {
        var feed = Begun();
        var flood = Enumerable.Range(0, 5_000).Select(n => new Credit(Guid.NewGuid(), n, 1, $"user{n}", Stream, "rose", 1, n == 1_234 ? 44_999 : 1)).ToArray();

        feed.Add(Next(feed, flood));

        Assert.Equal((FeedLines.MostShown, 0, 5_000 - FeedLines.MostShown), (feed.Last.Gifts.Length, feed.Last.Merged, feed.Last.Dropped));
        Assert.Contains(feed.Last.Gifts, line => line.Coins.Value == 44_999);
    }

    [Fact]
    public void The_leaderboard_is_what_sorting_everybody_gives_after_refunds_too() =>
        Gen.OneOf(Changes(-20, 100), Changes(-1, 2)).Sample(changes =>   // the latter with many ties
        {
            var (board, all) = (new Leaderboard(10), new Dictionary<string, long>());
            foreach (var (user, coins) in changes)
            {
                var change = Math.Max(coins, -all.GetValueOrDefault($"user{user}"));
                board.Add($"user{user}", change);
                all[$"user{user}"] = all.GetValueOrDefault($"user{user}") + change;
            }
            var expected = all.Where(one => one.Value > 0).OrderByDescending(one => one.Value).ThenBy(one => one.Key, StringComparer.Ordinal).Take(10).Select(one => new Supporter(one.Key, new(one.Value)));
            return expected.SequenceEqual(board.Top.Where(supporter => supporter.Coins.Value > 0)) && board.Supporters == all.Count(one => one.Value > 0);
        });

    private static Gen<(int User, long Coins)[]> Changes(long least, long most) => Gen.Select(Gen.Int[0, 40], Gen.Long[least, most]).Array[0, 300];

    private static Feed Begun() => new(new(Stream, "epoch", 0, 0, true, StreamView.Live, [], 0, 0, new(0, default, default), []));

    private static StreamFrame Next(Feed feed, Credit[] gifts)
    {
        var lines = new FeedLines();
        foreach (var gift in gifts) lines.Add(gift);
        var (shown, merged, dropped) = lines.Take();
        return new(Stream, feed.Epoch, feed.Number, feed.Number + 1, false, StreamView.Live, shown, merged, dropped, new(0, default, default), []);
    }
}
