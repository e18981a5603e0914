using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Recognition;

/// <summary>Levels, boards, galleries, fan clubs and anonymity through real silos.</summary>
public sealed class RecognitionTests(Databases databases)
{
    private static readonly Caller Olga = new("olga", Roles.Operator);

    private static IRecognitionGrain Recognition(TestCluster cluster) => cluster.Grains.GetGrain<IRecognitionGrain>(IRecognitionGrain.Key);

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Gifts_show_on_boards_in_galleries_and_in_the_fan_club_until_they_are_refunded(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine), silos: 2);
        var (cleo, dora) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
        var bought = (await cluster.Buy("ann", "coins-1321")).Value!;
        await cluster.Buy("bob");
        await cluster.Send("ann", cleo, "rose", 7);
        await cluster.Send("bob", cleo, "rose", 3);
        await cluster.Send("bob", cleo, "confetti", 2);
        await cluster.Send("ann", dora, "disco");

        var day = await Board(cluster, "day", "coins", board => board.Items.Sum(place => place.Coins.Value) == 1_110);
        Assert.Equal([new("dora", 1_000, 1), new("cleo", 110, 2)], Places(day));
        Assert.Equal([new("cleo", 110, 2), new("dora", 1_000, 1)], Places(await Board(cluster, "week", "supporters", _ => true)));
        Assert.Equal(Places(day), Places(await Board(cluster, "all", "coins", _ => true)));
        Assert.Equal([("ann", 1_007, 2), ("bob", 103, 1)], (await Recognition(cluster).GetViewers("coins", 0, 50)).Value!.Items.Select(place => (place.UserId!, place.Coins.Value, place.Creators)));
        Assert.Equal([("confetti", 2, "bob", "bob"), ("rose", 10, "ann", "ann")], (await Gallery(cluster, "cleo")).Select(gift => (gift.GiftId, gift.Pieces, gift.FirstGiver!, gift.TopGiver!)));
        Assert.Equal([("bob", 1, 103)], (await Recognition(cluster).GetFans("cleo", 0, 50)).Value!.Items.Select(fan => (fan.UserId!, fan.Level, fan.Coins.Value)));
        Assert.Equal((3, "bronze", 1_007), await Level(cluster, "ann"));

        await Apply(cluster, new ActOrder(ActKinds.Refund, "ann", "Bought by mistake.", Purchase: bought.PurchaseId, BasisPoints: 10_000));

        var after = await Board(cluster, "day", "coins", board => board.Items.Sum(place => place.Coins.Value) == 103);
        Assert.Equal([new("cleo", 103, 1)], Places(after));
        Assert.Equal([("confetti", 2, "bob", "bob"), ("rose", 3, "bob", "bob")], (await Gallery(cluster, "cleo")).Select(gift => (gift.GiftId, gift.Pieces, gift.FirstGiver!, gift.TopGiver!)));
        Assert.Equal((1, "bronze", 0), await Level(cluster, "ann"));
        await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));
        Assert.Equal((1, "bronze", 0), await Level(cluster, "ann"));

        await Apply(cluster, new ActOrder(ActKinds.RebuildRecognition, "recognition", "To see that it comes back."));
        Assert.Equal([new("cleo", 103, 1)], Places(await Board(cluster, "all", "coins", board => board.Items.Sum(place => place.Coins.Value) == 103)));
        await cluster.IsClean();
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Who_gives_anonymously_counts_and_has_no_name(Engine engine)
    {
        await using var cluster = await TestCluster.Start(await databases.Create(engine));
        var cleo = await cluster.GoLive("cleo");
        await cluster.Buy("ann");
        await cluster.Send("ann", cleo, "bouquet", 2);
        await Board(cluster, "day", "coins", board => board.Items.Length == 1);

        var set = await Recognition(cluster).SetAnonymous(cluster.Viewer("ann"), "ann", true);
        var byOther = await Recognition(cluster).SetAnonymous(cluster.Viewer("bob"), "ann", false);

        Assert.Equal((true, Refusal.Forbidden), (set.Value!.Anonymous, byOther.Refusal?.Code));
        var viewers = await Eventually.Is(async () => (await Recognition(cluster).GetViewers("coins", 0, 50)).Value!.Items, items => items[0].UserId is null);
        Assert.Equal(200, viewers[0].Coins.Value);
        Assert.Equal((1, (string?)null, (string?)null), (await Gallery(cluster, "cleo")).Select(gift => (gift.Givers, gift.FirstGiver, gift.TopGiver)).Single());
        Assert.Null((await Recognition(cluster).GetFans("cleo", 0, 50)).Value!.Items.Single().UserId);
        Assert.Equal(Refusal.Forbidden, (await Recognition(cluster).GetViewersGallery(cluster.Viewer("bob"), "ann")).Refusal?.Code);
        Assert.Equal(2, (await Recognition(cluster).GetViewersGallery(cluster.Viewer("ann"), "ann")).Value!.Items.Single().Pieces);

        await Recognition(cluster).SetAnonymous(cluster.Viewer("ann"), "ann", false);
        await Eventually.Is(async () => (await Recognition(cluster).GetViewers("coins", 0, 50)).Value!.Items[0].UserId, name => name == "ann");
    }

    [Fact]
    public void Levels_begin_at_one_take_ever_more_coins_and_end_at_fifty()
    {
        Assert.Equal([1, 1, 2, 2, 3, 50, 50], new long[] { 0, 99, 100, 799, 800, Levels.CoinsFor(50), long.MaxValue }.Select(Levels.Of));
        Assert.Equal([0, 1, 1, 2, 20, 20], new long[] { 99, 100, 399, 400, Levels.CoinsForFan(20), long.MaxValue }.Select(Levels.OfFan));
        Assert.All(Enumerable.Range(1, 49), level => Assert.True(Levels.CoinsFor(level) < Levels.CoinsFor(level + 1)));
        Assert.Equal(["bronze", "silver", "crown"], new[] { 9, 10, 50 }.Select(Levels.BadgeOf));
    }

    private sealed record Place(string Creator, long Coins, long Supporters);

    private static IEnumerable<Place> Places(Board<CreatorPlace> board) => board.Items.Select(place => new Place(place.CreatorId, place.Coins.Value, place.Supporters));

    private static Task<Board<CreatorPlace>> Board(TestCluster cluster, string period, string order, Func<Board<CreatorPlace>, bool> condition) =>
        Eventually.Is(async () => (await Recognition(cluster).GetCreators(period, order, 0, 50)).Value!, condition);

    private static async Task<Collected[]> Gallery(TestCluster cluster, string creator) => (await Recognition(cluster).GetCreatorsGallery(creator)).Value!.Items;

    private static async Task<(int, string, long)> Level(TestCluster cluster, string viewer)
    {
        var level = (await cluster.Grains.GetGrain<IWalletGrain>(viewer).GetLevel(cluster.Viewer(viewer))).Value!;
        return (level.Level, level.Badge, level.Coins.Value);
    }

    private static async Task Apply(TestCluster cluster, ActOrder order) =>
        Assert.Equal(ActView.Applied, (await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order)).Value?.Status);
}
