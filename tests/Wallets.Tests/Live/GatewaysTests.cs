using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>One stream watched through two gateways, while the silo that holds it dies.</summary>
public sealed class GatewaysTests(Databases databases)
{
    [Fact]
    public async Task Viewers_of_two_gateways_see_the_same_and_go_on_when_the_streams_silo_is_killed()
    {
        await using var cluster = await LocalCluster.Start(databases.NewFolder(), Ports.FreeBlock(), silos: 2, gateways: 2);
        using var ann = await ApiClient.As(cluster.Url, "ann", "viewer");
        using var cleo = await ApiClient.As(cluster.Url, "cleo", "creator");
        var stream = (await cleo.Post("/v1/streams", new { creatorId = "cleo", title = "A stream" })).String("streamId");
        await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-330", channel = "dev", proof = "dev:one" }, $"{Some.Key()}");
        await using var one = await FeedViewer.Join(cluster.UrlOf(1), stream);
        await using var other = await FeedViewer.Join(cluster.UrlOf(2), stream);

        for (var n = 0; n < 10; n++) await Send();
        await Task.WhenAll(one.Sees(frame => frame.Totals.Gifts == 10), other.Sees(frame => frame.Totals.Gifts == 10));
        Assert.Equal((10, 10), (one.GiftsTold, other.GiftsTold));
        Assert.Equal(one.Last.Top, other.Last.Top);

        await one.DisposeAsync();
        for (var n = 0; n < 5; n++) await Send();
        await other.Sees(frame => frame.Totals.Gifts == 15);
        await using var moved = await FeedViewer.Resume(cluster.UrlOf(2), stream, one.Last);   // at the other gateway
        await moved.Sees(frame => frame.Totals.Gifts == 15);
        Assert.Equal(5, moved.GiftsTold);
        Assert.DoesNotContain(moved.Frames, frame => frame.IsSnapshot);

        cluster.Kill(await SiloOf(cluster, stream));
        for (var n = 0; n < 10; n++) await Send();
        await using var late = await FeedViewer.Join(cluster.UrlOf(1), stream);
        foreach (var viewer in (FeedViewer[])[other, moved, late]) await viewer.Sees(frame => frame.Totals.Gifts == 25, withinSeconds: 40);

        Assert.Contains(other.Frames, frame => frame.IsSnapshot && frame.Epoch != one.Last.Epoch);
        Assert.Equal(new Supporter("ann", new(25)), Assert.Single(other.Last.Top));
        Assert.Empty(new[] { one, other, moved, late }.SelectMany(viewer => viewer.Breaks));
        Assert.Equal(305, (await ann.Get("/v1/wallets/ann")).Long("coins"));
        Assert.Equal(0, cluster.Audit());

        async Task Send()
        {
            var key = $"{Some.Key()}";
            await Eventually.Is(() => ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, key), answer => answer.Status == 201, withinSeconds: 40);
        }
    }

    private static async Task<string> SiloOf(LocalCluster cluster, string stream)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddWalletsClient(client =>
        {
            client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("wallets", "wallets"));
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", cluster.GatewayConnection));
        });
        using var client = builder.Build();
        await client.StartAsync();
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        var address = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grains.GetGrain<IStreamGrain>(Guid.Parse(stream)));
        await client.StopAsync();
        return cluster.SiloAt(address!.Endpoint.Port);
    }
}
