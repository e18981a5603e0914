using CsCheck;
using Wallets.Web.Live;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>What a page counts while messages are lost and refused, against a wallet that is nothing but a number.</summary>
public sealed class TapStreakTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private enum Fate { Answered, LostOnTheWay, AnswerLost }

    [Fact]
    public void Whatever_is_lost_or_refused_the_count_ends_at_what_was_charged() =>
        Gen.Select(Gen.Int[1, 4], Gen.Enum<Fate>(), Gen.Bool).Array[1, 40].Sample(steps =>
        {
            var streak = new TapStreak(Guid.NewGuid(), "rose", new(1));
            var (wallet, tapped) = (new OneStreak(funds: 30), 0);
            foreach (var (pieces, fate, isTold) in steps)
            {
                streak.Tap(pieces, Noon);
                tapped += pieces;
                if (isTold && streak.Next() is { } order) wallet.Tell(streak, order, fate);
            }
            while (streak.Next() is { } order) wallet.Tell(streak, order, Fate.Answered);

            Assert.True(streak.IsSettled);
            Assert.Equal((wallet.Charged, wallet.Charged), (streak.Charged, streak.Tapped));
            Assert.InRange(wallet.Charged, 0, tapped);
            if (tapped <= 30) Assert.Equal(tapped, wallet.Charged);
        });

    [Fact]
    public void A_message_of_unknown_outcome_is_told_again_before_a_higher_total_is()
    {
        var streak = new TapStreak(Guid.NewGuid(), "rose", new(1));
        streak.Tap(1, Noon);
        var lost = streak.Next();

        streak.Tap(1, Noon);

        Assert.Equal(lost, streak.Next());
        streak.Take(Charged(streak, 1), Noon);
        Assert.Equal(2, streak.Next()?.Total);
    }

    [Fact]
    public void After_the_quiet_time_no_more_goes_into_it()
    {
        var streak = new TapStreak(Guid.NewGuid(), "rose", new(1));
        streak.Tap(1, Noon);
        streak.Next();
        streak.Take(Charged(streak, 1), Noon);

        Assert.True(streak.Takes(1, Noon + Streak.QuietTime / 2));
        Assert.False(streak.Takes(1, Noon + Streak.QuietTime));
        Assert.False(streak.Takes(GiftOrder.MaxQuantity, Noon));
        Assert.True(streak.IsOver(Noon + Streak.QuietTime));
    }

    private static Streak Charged(TapStreak streak, int total) =>
        new(streak.Id, "ann", "cleo", Guid.Empty, streak.GiftId, total, new(total), Streak.Live, Guid.Empty, new(100 - total), Noon);

    private sealed class OneStreak(int funds)
    {
        public int Charged { get; private set; }

        public void Tell(TapStreak streak, StreakOrder order, Fate fate)
        {
            if (fate == Fate.LostOnTheWay) return;
            var isTaken = order.Total <= funds;
            if (isTaken) Charged = Math.Max(Charged, order.Total);
            if (fate == Fate.AnswerLost) return;
            if (isTaken) streak.Take(TapStreakTests.Charged(streak, Charged), Noon);
            else streak.Refuse(Charged == 0 ? null : TapStreakTests.Charged(streak, Charged));
        }
    }
}
