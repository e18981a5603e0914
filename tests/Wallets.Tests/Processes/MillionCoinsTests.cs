using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>A million coins through a hundred callers at once, fifty wallets and five creators, over HTTP, retries included.</summary>
public sealed class MillionCoinsTests(Databases databases)
{
    private const int Wallets = 50;
    private const int Creators = 5;
    private const int CallersPerWallet = 2;
    private const int GiftsPerCaller = 50;
    private const int CoinsPerGift = 200;   // ten doughnuts of 20

    [Fact]
    public async Task On_the_all_in_one_server_none_is_lost_or_doubled()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder());
        await SendAMillion(server.Url);
    }

    [Fact]
    public async Task On_the_local_cluster_none_is_lost_or_doubled()
    {
        await using var cluster = await LocalCluster.Start(databases.NewFolder(), Ports.FreeBlock());
        await SendAMillion(cluster.Url);
        Assert.Equal(0, cluster.Audit());
    }

    private static async Task SendAMillion(string url)
    {
        var creators = await Task.WhenAll(Enumerable.Range(0, Creators).Select(i => ApiClient.As(url, $"creator-{i}", "creator")));
        var streams = await Task.WhenAll(creators.Select(async (client, i) =>
            (await client.Post("/v1/streams", new { creatorId = $"creator-{i}", title = "Live" })).String("streamId")));
        var viewers = await Task.WhenAll(Enumerable.Range(0, Wallets).Select(i => ApiClient.As(url, $"viewer-{i}", "viewer")));
        await Task.WhenAll(viewers.Select((client, i) =>
            client.Post($"/v1/wallets/viewer-{i}/purchases", new { packId = "web-22000", channel = "dev", proof = $"dev:{i}" }, Key())));

        await Task.WhenAll(Enumerable.Range(0, Wallets * CallersPerWallet).Select(caller =>
            SendAll(viewers[caller % Wallets], $"viewer-{caller % Wallets}", streams[caller % Creators], new Random(caller))));

        var balances = await Task.WhenAll(viewers.Select(async (client, i) => (await client.Get($"/v1/wallets/viewer-{i}")).Long("coins")));
        Assert.All(balances, coins => Assert.Equal(22_000 - CallersPerWallet * GiftsPerCaller * CoinsPerGift, coins));
        await Eventually.Is(
            async () => (await Task.WhenAll(creators.Select(async (client, i) => (await client.Get($"/v1/creators/creator-{i}/earnings"))["diamonds"].GetProperty("available").GetInt64()))).Sum(),
            diamonds => diamonds == Wallets * CallersPerWallet * GiftsPerCaller * CoinsPerGift / 2);
        using var operatorClient = await ApiClient.As(url, "olga", "operator");
        await operatorClient.Post("/v1/admin/audits", null);
        var report = await Eventually.Is(() => operatorClient.Get("/v1/admin/audits/latest"), report => report.String("status") != "running");
        Assert.True(report.String("status") == "clean", report.Text);
        Assert.Equal(Wallets + 2 * Wallets * CallersPerWallet * GiftsPerCaller, report.Long("entries"));
    }

    /// <summary>Sends every gift, and every tenth one twice at once with the same key.</summary>
    private static async Task SendAll(ApiClient client, string viewer, string stream, Random random)
    {
        for (var i = 0; i < GiftsPerCaller; i++)
        {
            var key = Key();
            var copies = random.Next(10) == 0 ? 2 : 1;
            var answers = await Task.WhenAll(Enumerable.Range(0, copies).Select(_ =>
                client.Post($"/v1/wallets/{viewer}/gifts", new { streamId = stream, giftId = "doughnut", quantity = 10 }, key)));
            Assert.All(answers, answer => Assert.True(answer.Status == 201, answer.Text));
            Assert.Single(answers, answer => !answer.Replayed);
        }
    }

    private static string Key() => Guid.CreateVersion7().ToString();
}
