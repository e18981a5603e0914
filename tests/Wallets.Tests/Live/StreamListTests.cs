using Wallets.Grains.Streams;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>The list of live streams: who is on it, and that it comes right again whatever was lost.</summary>
public sealed class StreamListTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Live_streams_are_listed_the_latest_first_until_they_end_and_after_the_list_was_lost_from_memory(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), silos: 2);
        var early = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => cluster.GoLive($"creator{n}")));   // which share writes
        var (one, two, three) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"), await cluster.GoLive("eve"));

        var all = await Eventually.Is(() => Pages(cluster, 5), streams => streams.Count == 23);   // a start does not wait for the list on a busy machine
        Assert.Equal([three, two, one], all.Take(3).Select(stream => stream.StreamId));
        Assert.Equal(early.Order(), all.Skip(3).Select(stream => stream.StreamId).Order());
        Assert.Equal(("eve", "A stream", StreamView.Live, 0), (all[0].CreatorId, all[0].Title, all[0].Status, all[0].Totals.Gifts));

        await cluster.Grains.GetGrain<IStreamGrain>(two).End(cluster.Creator("dora"));
        await Task.WhenAll(early.Select((stream, n) => cluster.Grains.GetGrain<IStreamGrain>(stream).End(cluster.Creator($"creator{n}"))));
        await Lists(cluster, three, one);
        await cluster.Deactivate(List(cluster));
        Assert.Equal([three, one], (await Pages(cluster, 500)).Select(stream => stream.StreamId));

        await cluster.Buy("ann");
        await cluster.Send("ann", one, "rose", 7);
        await Eventually.Is(() => Pages(cluster, 500), streams => streams[1].Totals == new StreamTotals(7, new(7), new(4)));
    }

    [Fact]
    public async Task What_a_crash_left_on_the_list_is_dropped_and_what_it_kept_off_comes_back()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var (live, over) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
        await cluster.Grains.GetGrain<IStreamGrain>(over).End(cluster.Creator("dora"));
        await Lists(cluster, live);

        Assert.Null(await Rounds(cluster).Enter(Listed(over)));         // its end was not told
        Assert.Null(await Rounds(cluster).Enter(Listed(Some.Key())));   // its start was never stored
        await Lists(cluster, live);

        await Rounds(cluster).Leave(live);
        await Lists(cluster);
        await cluster.Deactivate(cluster.Grains.GetGrain<IStreamGrain>(live));
        await cluster.Grains.GetGrain<IStreamGrain>(live).GetView();
        await Lists(cluster, live);
    }

    [Fact]
    public async Task A_full_list_says_so_keeps_nobody_from_going_live_and_takes_who_comes_when_there_is_room()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.MostStreamsListed = 2);
        var (one, two, three) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"), await cluster.GoLive("eve"));

        await Lists(cluster, two, one);

        Assert.Equal(Refusal.ListFull, (await Rounds(cluster).Enter(Listed(three)))?.Code);
        Assert.Null(await Rounds(cluster).Enter(Listed(two)));
        Assert.Equal(StreamView.Live, (await cluster.Grains.GetGrain<IStreamGrain>(three).GetView()).Value!.Status);
        await cluster.Buy("ann");
        Assert.True((await cluster.Send("ann", three)).IsOk);
        await Lists(cluster, two, one);

        await cluster.Grains.GetGrain<IStreamGrain>(one).End(cluster.Creator("cleo"));
        await Lists(cluster, two);
        await cluster.Deactivate(cluster.Grains.GetGrain<IStreamGrain>(three));
        await cluster.Grains.GetGrain<IStreamGrain>(three).GetView();
        await Lists(cluster, three, two);
    }

    private static IStreamListGrain List(TestCluster cluster) => cluster.Grains.GetGrain<IStreamListGrain>(IStreamListGrain.Key);

    private static IStreamRounds Rounds(TestCluster cluster) => cluster.Service<IGrainFactory>().GetGrain<IStreamRounds>(IStreamListGrain.Key);

    private static ListedStream Listed(Guid stream) => new(stream, "somebody", "A stream", StreamView.Live, DateTimeOffset.UnixEpoch, new(0, default, default));

    private static Task Lists(TestCluster cluster, params Guid[] streams) =>
        Eventually.Is(async () => (await Pages(cluster, 500)).ConvertAll(stream => stream.StreamId), listed => listed.SequenceEqual(streams));

    private static async Task<List<ListedStream>> Pages(TestCluster cluster, int limit)
    {
        var all = new List<ListedStream>();
        for (var after = "0"; after is not null;)
        {
            var page = (await List(cluster).GetPage(long.Parse(after), limit)).Value!;
            Assert.InRange(page.Items.Length, 0, limit);
            all.AddRange(page.Items);
            after = page.Next;
        }
        return all;
    }
}
