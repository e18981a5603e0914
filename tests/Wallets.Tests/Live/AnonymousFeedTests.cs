using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>A viewer who gives anonymously has no name in what a stream tells, and counts all the same.</summary>
public sealed class AnonymousFeedTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Who_gives_anonymously_has_no_name_in_frames_snapshots_and_the_stream_and_counts(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        foreach (var viewer in (string[])["ann", "bob", "cid"]) await cluster.Buy(viewer);
        foreach (var viewer in (string[])["ann", "bob"]) await Choose(cluster, viewer, anonymous: true);
        var stream = await cluster.GoLive("cleo");
        var grain = cluster.Grains.GetGrain<IStreamGrain>(stream);
        var before = (await grain.NextFrame(null, 0)).Value!;

        await cluster.Send("ann", stream, "rose", 2);
        await cluster.Send("bob", stream, "rose", 3);
        await cluster.Send("cid", stream, "rose", 4);

        var told = await Eventually.Is(async () => (await grain.NextFrame(before.Epoch, before.Number)).Value!, frame => frame.Totals.Gifts == 9);
        var snapshot = (await grain.NextFrame(null, 0)).Value!;
        Assert.Equal((false, true), (told.IsSnapshot, snapshot.IsSnapshot));
        foreach (var frame in (StreamFrame[])[told, snapshot, (await grain.ReadFrame(before.Epoch, before.Number, snapshot.Number)).Value!])
        {
            Assert.Equal([(null, 2), (null, 3), ("cid", 4)], frame.Gifts.OrderBy(line => line.Quantity).Select(line => (line.UserId, (int)line.Quantity)));
            Assert.Equal([new Supporter("cid", new(4)), new Supporter(null, new(3)), new Supporter(null, new(2))], frame.Top);
        }
        Assert.Equal(snapshot.Top, (await grain.GetView()).Value!.Top);
        Assert.Equal(snapshot.Top, (await grain.End(cluster.Creator("cleo"))).Value!.Top);
        Assert.Equal(["ann", "bob", "cid"], await Givers(cluster));
        await cluster.IsClean();
    }

    [Fact]
    public async Task Two_hidden_viewers_gifts_of_one_frame_are_two_lines_and_each_ones_are_one()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        foreach (var viewer in (string[])["ann", "bob"])
        {
            await cluster.Buy(viewer);
            await Choose(cluster, viewer, anonymous: true);
        }
        var stream = await cluster.GoLive("cleo");
        var gifts = Enumerable.Range(0, 10).SelectMany(_ => new[] { cluster.Send("ann", stream), cluster.Send("bob", stream, "rose", 2) });
        await Task.WhenAll(gifts);
        await cluster.IsClean();

        var begun = (await cluster.Grains.GetGrain<IStreamGrain>(stream).NextFrame(null, 0)).Value!;   // its lines are read from the ledger at once

        Assert.Equal([(null, 10, 10), (null, 20, 10)], begun.Gifts.OrderBy(line => line.Quantity).Select(line => (line.UserId, (int)line.Quantity, line.Gifts)));
    }

    [Fact]
    public async Task Who_chooses_it_while_the_stream_is_on_vanishes_from_what_was_told_before()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        await cluster.Buy("bob");
        var stream = await cluster.GoLive("cleo");
        var grain = cluster.Grains.GetGrain<IStreamGrain>(stream);
        var begun = (await grain.NextFrame(null, 0)).Value!;
        await cluster.Send("ann", stream, "rose", 2);
        await cluster.Send("bob", stream, "rose", 1);
        var named = await Eventually.Is(async () => (await grain.NextFrame(begun.Epoch, begun.Number)).Value!, frame => frame.Totals.Gifts == 3);
        Assert.Equal(["ann", "bob"], Names(named));

        await Choose(cluster, "ann", anonymous: true);

        var anew = await Eventually.Is(async () => (await grain.NextFrame(named.Epoch, named.Number)).Value!, frame => frame.Epoch != named.Epoch);
        Assert.Equal((true, 3, 2), (anew.IsSnapshot, anew.Totals.Gifts, anew.Gifts.Length));
        Assert.Equal(["bob"], Names(anew));
        Assert.Equal(["bob"], Names((await grain.ReadFrame(named.Epoch, begun.Number, named.Number)).Value!));
        await cluster.Send("ann", stream, "rose", 5);
        var next = await Eventually.Is(async () => (await grain.NextFrame(anew.Epoch, anew.Number)).Value!, frame => frame.Totals.Gifts == 8);
        Assert.Equal((false, null, new Supporter(null, new(7))), (next.IsSnapshot, Assert.Single(next.Gifts).UserId, next.Top[0]));

        await cluster.Deactivate(grain);   // what it has stored keeps the name
        Assert.Equal(new Supporter(null, new(7)), (await grain.GetView()).Value!.Top[0]);
        await Choose(cluster, "ann", anonymous: false);
        await Eventually.Is(async () => (await grain.GetView()).Value!.Top[0], top => top == new Supporter("ann", new(7)));
    }

    private static async Task Choose(TestCluster cluster, string viewer, bool anonymous) =>
        Assert.True((await cluster.Grains.GetGrain<IRecognitionGrain>(IRecognitionGrain.Key).SetAnonymous(cluster.Viewer(viewer), viewer, anonymous)).IsOk);

    private static string[] Names(StreamFrame frame) =>
        [.. frame.Gifts.Select(line => line.UserId).Concat(frame.Top.Select(supporter => supporter.UserId)).OfType<string>().Distinct().Order()];

    private static async Task<string[]> Givers(TestCluster cluster)
    {
        var lines = (await cluster.Grains.GetGrain<IEarningsGrain>("cleo").GetStatement(cluster.Creator("cleo"), 0, 50)).Value!;
        return [.. lines.Items.Select(line => line.Counterparty!).Order()];
    }
}
