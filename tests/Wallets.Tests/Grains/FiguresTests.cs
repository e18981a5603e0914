using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What operators see of all silos from wherever they look.</summary>
public sealed class FiguresTests(Databases databases)
{
    [Fact]
    public async Task The_silos_figures_add_up()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);
        var stream = await cluster.GoLive("cleo");
        for (var i = 0; i < 20; i++) await cluster.Buy($"ann-{i}");   // on both silos
        for (var i = 0; i < 20; i++) await cluster.Send($"ann-{i}", stream);
        for (var i = 0; i < 3; i++) await cluster.Send("poor", stream);

        var seen = await Eventually.Is(() => Read(cluster, Roles.Operator), figures => figures.Value is { Silos: 2, Gifts: 20, InFlight: 0, Refusals: [{ Count: 3 }] } all && all.AppendsBySecond.Sum() >= 41);
        var others = await Read(cluster, Roles.Viewer);

        var figures = seen.Value!;
        Assert.Equal([new RefusalCount(Refusal.InsufficientFunds, 3)], figures.Refusals);
        Assert.InRange(figures.Median, 0.0001, figures.P99);
        Assert.Equal((0L, 0L, 0L), (figures.Fenced, figures.Overloaded, figures.InFlight));
        Assert.Equal(Refusal.Forbidden, others.Refusal?.Code);
    }

    private static Task<Outcome<FiguresView>> Read(TestCluster cluster, Roles role) => cluster.Grains.GetGrain<IFiguresGrain>(IFiguresGrain.Key).Get(new Caller("olga", role));
}
