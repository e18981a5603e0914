using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>What a stream's grain tells, and that it agrees with the ledger whatever its memory has been through.</summary>
public sealed class StreamTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_refund_corrects_totals_and_leaderboard_of_its_gifts_streams_and_its_reversal_too(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), options => options.Hold = TimeSpan.FromDays(7));
        await cluster.Buy("ann", proof: "dev:one");
        await cluster.Buy("bob");
        var (stream, other) = (await cluster.GoLive("cleo"), await cluster.GoLive("cleo"));
        var grain = cluster.Grains.GetGrain<IStreamGrain>(stream);
        await cluster.Send("ann", stream, "bouquet", 2);
        await cluster.Send("ann", other, "bouquet");
        await cluster.Send("bob", stream, "bouquet");
        await Totals(cluster, stream, coins: 300);
        var before = (await grain.NextFrame(null, 0)).Value!;

        var (ann, refund) = (cluster.Service<IGrainFactory>().GetGrain<IRefundReceiver>("ann"), Some.Key());
        Assert.True((await ann.Refund(new RefundOrder(refund, "dev", "one", RefundDecisions.WholeBasisPoints, false, "Given back."))).IsOk);

        var corrected = await Eventually.Is(async () => (await grain.NextFrame(before.Epoch, before.Number)).Value!, frame => frame.Totals.Coins.Value == 100);
        Assert.Equal(new StreamTotals(3, new(100), new(50)), corrected.Totals);
        Assert.Equal(new Supporter("bob", new(100)), Assert.Single(corrected.Top));
        Assert.Empty((await Totals(cluster, other, coins: 0)).Top);
        await cluster.Deactivate(grain);
        Assert.Equal(corrected.Totals, (await grain.GetView()).Value!.Totals);

        Assert.True((await ann.ReverseRefund(new RefundReversal(Some.Key(), refund, "Won."))).IsOk);

        var restored = await Totals(cluster, stream, coins: 300);
        Assert.Equal([new Supporter("ann", new(200)), new Supporter("bob", new(100))], restored.Top);
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_stream_that_lost_its_memory_counts_anew_from_the_ledger_and_begins_a_new_epoch()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);
        var stream = await cluster.GoLive("cleo");
        var grain = cluster.Grains.GetGrain<IStreamGrain>(stream);
        var viewers = Enumerable.Range(0, 15).Select(n => $"viewer{n}").ToList();
        foreach (var viewer in viewers) await cluster.Buy(viewer);
        foreach (var (viewer, n) in viewers.Select((viewer, n) => (viewer, n))) await cluster.Send(viewer, stream, "rose", n + 1);
        var before = await Totals(cluster, stream, coins: 120);
        var frame = (await grain.NextFrame(null, 0)).Value!;

        await cluster.Deactivate(grain);
        await cluster.Send("viewer0", stream, "rose", 20);   // more than anybody; not among the stored ten
        var after = await Totals(cluster, stream, coins: 140);
        var snapshot = (await grain.NextFrame(frame.Epoch, frame.Number)).Value!;

        Assert.Equal([.. viewers.Skip(5).Reverse()], before.Top.Select(supporter => supporter.UserId));
        Assert.Equal(new Supporter("viewer0", new(21)), after.Top[0]);
        Assert.Equal(viewers.Skip(6).Reverse(), after.Top.Skip(1).Select(supporter => supporter.UserId));
        Assert.True(snapshot.IsSnapshot && snapshot.Epoch != frame.Epoch);
        Assert.Equal(16, snapshot.Gifts.Sum(line => line.Gifts));
    }

    [Fact]
    public async Task News_that_is_lost_is_read_from_the_ledger_when_the_next_comes()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var stream = await cluster.GoLive("cleo");
        await cluster.Buy("ann");
        await cluster.Send("ann", stream);
        await Totals(cluster, stream, coins: 1);
        var ann = (await cluster.Ledger.FindAccount(AccountKind.Wallet, "ann"))!.Value;
        var cleo = (await cluster.Ledger.FindAccount(AccountKind.Earnings, "cleo"))!.Value;
        await cluster.Ledger.Write(Some.Gift(ann, cleo, 10, 3, 329, stream: stream));
        await Eventually.Is(() => cluster.Ledger.LastSeq(cleo), seq => seq == 2);   // settled by the scan

        await cluster.Service<IGrainFactory>().GetGrain<IGiftAudience>(stream).Hear(new GiftNews(2, 3, []));

        Assert.Equal(11, (await Totals(cluster, stream, coins: 11)).Totals.Coins.Value);
    }

    [Fact]
    public async Task News_that_overtook_other_news_is_counted_after_it_and_nothing_is_read_for_that()
    {
        ReadSpy? spy = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => spy = new ReadSpy(inner));
        var stream = await cluster.GoLive("cleo");
        var (grain, audience) = (cluster.Grains.GetGrain<IStreamGrain>(stream), cluster.Service<IGrainFactory>().GetGrain<IGiftAudience>(stream));
        var frame = (await grain.NextFrame(null, 0)).Value!;
        var reads = spy!.Reads;
        GiftNews News(long seq) => new(seq - 1, seq, [new(seq, new Credit(Some.Key(), 1, 1, $"viewer{seq}", stream, "rose", 1, 1))]);

        await Task.WhenAll(((long[])[2, 3, 1]).Select(seq => audience.Hear(News(seq))));

        frame = await Eventually.Is(async () => (await grain.NextFrame(frame.Epoch, frame.Number)).Value!, seen => seen.Totals.Gifts == 3);
        Assert.Equal(["viewer1", "viewer2", "viewer3"], frame.Top.Select(supporter => supporter.UserId).Order());
        Assert.Equal(reads, spy.Reads);
    }

    private sealed class ReadSpy(ILedger inner) : WrappedLedger(inner)
    {
        private int _reads;

        public int Reads => _reads;

        public override Task<long> LastSeq(long accountId)
        {
            Interlocked.Increment(ref _reads);
            return base.LastSeq(accountId);
        }
    }

    [Fact]
    public async Task Frames_come_ten_a_second_at_most_and_none_when_nothing_happens()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var stream = await cluster.GoLive("cleo");
        await cluster.Buy("ann");
        var grain = cluster.Grains.GetGrain<IStreamGrain>(stream);
        var (begun, startedAt) = ((await grain.NextFrame(null, 0)).Value!, TimeProvider.System.GetTimestamp());

        for (var n = 0; n < 100; n++) await cluster.Send("ann", stream);
        var frame = begun;
        while (frame.Totals.Gifts < 100) frame = (await grain.NextFrame(frame.Epoch, frame.Number)).Value!;
        var nothing = (await grain.NextFrame(frame.Epoch, frame.Number)).Value!;

        Assert.InRange(frame.Number, 1, 2 + (long)(TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds * 10));
        Assert.Equal((nothing.Number, 0, false), (nothing.After, nothing.Gifts.Length, nothing.IsSnapshot));
        var all = (await grain.ReadFrame(begun.Epoch, 0, frame.Number)).Value!;
        Assert.Equal((100, 99, 0), (Assert.Single(all.Gifts).Quantity, all.Merged, all.Dropped));
    }

    [Fact]
    public async Task A_stream_that_nobody_watches_counts_but_makes_no_frames()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var stream = await cluster.GoLive("cleo");
        await cluster.Buy("ann");
        for (var n = 1; n <= 3; n++)
        {
            await cluster.Send("ann", stream);
            await Totals(cluster, stream, coins: n);
        }

        var first = (await cluster.Grains.GetGrain<IStreamGrain>(stream).NextFrame(null, 0)).Value!;

        Assert.Equal((0, true, 3), (first.Number, first.IsSnapshot, first.Totals.Gifts));
        Assert.Equal(3, Assert.Single(first.Gifts).Gifts);
    }

    private static Task<StreamView> Totals(TestCluster cluster, Guid stream, long coins) =>
        Eventually.Is(async () => (await cluster.Grains.GetGrain<IStreamGrain>(stream).GetView()).Value!, view => view.Totals.Coins.Value == coins);
}
