using System.Net.Http.Json;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>Catalogue, recognition and matches over HTTP.</summary>
public sealed class RecognitionApiTests(Databases databases)
{
    private static string Key() => Guid.CreateVersion7().ToString();

    [Fact]
    public async Task Gifts_levels_boards_fan_clubs_and_matches_are_there_over_http()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder(), "--Wallets:Matches:Length=0:00:03", "--Wallets:Matches:Countdown=0");
        using var ann = await ApiClient.As(server.Url, "ann", "viewer");
        using var cleo = await ApiClient.As(server.Url, "cleo", "creator");
        using var dora = await ApiClient.As(server.Url, "dora", "creator");
        using var olga = await ApiClient.As(server.Url, "olga", "operator");
        using var anyone = ApiClient.Anonymous(server.Url);
        await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-330", channel = "dev", proof = $"dev:{Guid.NewGuid()}" }, Key());
        var (stream, other) = ((await cleo.Post("/v1/streams", new { creatorId = "cleo", title = "A" })).String("streamId"), (await dora.Post("/v1/streams", new { creatorId = "dora", title = "B" })).String("streamId"));
        var gift = new { id = "crown", name = "Crown", category = "sticker", price = 5, minLevel = 9 };
        Assert.Equal("applied", (await olga.Post("/v1/admin/acts", new { kind = "put_gift", subject = "crown", reason = "New.", gift }, Key())).String("status"));

        var locked = await Eventually.Is(() => ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "crown", quantity = 1 }, Key()), answer => answer.Code != "unknown_gift");
        var dearer = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "bouquet", quantity = 1, price = 99 }, Key());
        var dearerStreak = await ann.Send(HttpMethod.Put, $"/v1/wallets/ann/streaks/{Key()}", JsonContent.Create(new { streamId = stream, giftId = "bouquet", total = 1, price = 99 }), null);
        var match = Key();
        Assert.Equal(201, (await cleo.Post("/v1/matches", new { creatorId = "cleo", streamId = stream, opponentId = "dora" }, match)).Status);
        Assert.Equal("live", (await dora.Post($"/v1/matches/{match}/accept", new { streamId = other })).String("status"));
        var sent = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "bouquet", quantity = 2, price = 100 }, Key());
        var gifts = await ann.Get("/v1/gifts?creatorId=cleo");

        Assert.Equal([(409, "level_too_low"), (409, "price_changed"), (409, "price_changed"), (201, null)], new[] { locked, dearer, dearerStreak, sent }.Select(answer => (answer.Status, answer.Status == 201 ? null : answer.Code)));
        Assert.Equal("level_too_low", gifts["items"].EnumerateArray().Single(item => item.GetProperty("id").GetString() == "crown").GetProperty("locked")[0].GetString());
        Assert.Equal(2, (await anyone.Get("/v1/gifts/versions"))["items"].GetArrayLength());
        Assert.Equal((2, 200), await Eventually.Is(async () => await ann.Get("/v1/wallets/ann/level") is var level ? (level.Long("level"), level.Long("coins")) : default, level => level.Item2 == 200));
        await Eventually.Is(() => anyone.Get("/v1/leaderboards/creators?period=all&order=supporters"), board => board.Status == 200 && board["items"].GetArrayLength() == 1);
        Assert.Equal("ann", (await anyone.Get("/v1/leaderboards/viewers"))["items"][0].GetProperty("userId").GetString());
        Assert.Equal(1, (await anyone.Get("/v1/creators/cleo/fans")).Long("members"));
        Assert.Equal("ann", (await anyone.Get("/v1/creators/cleo/gallery"))["items"][0].GetProperty("topGiver").GetString());
        Assert.Equal(1, (await ann.Get("/v1/creators/cleo/fans/ann")).Long("level"));
        Assert.Equal(50, (await anyone.Get("/v1/levels"))["levels"].GetArrayLength());
        Assert.Equal([(422, "invalid_period"), (422, "invalid_order"), (403, "forbidden"), (404, "unknown_match"), (400, "invalid_limit")], new[]
        {
            await anyone.Get("/v1/leaderboards/creators?period=year"), await anyone.Get("/v1/leaderboards/viewers?order=luck"), await cleo.Get("/v1/wallets/ann/level"),
            await anyone.Get($"/v1/matches/{Key()}"), await anyone.Get("/v1/creators/cleo/fans?limit=0"),
        }.Select(answer => (answer.Status, answer.Code)));

        Assert.Equal(200, (await ann.Send(HttpMethod.Put, "/v1/wallets/ann/anonymity", JsonContent.Create(new { anonymous = true }), null)).Status);
        await Eventually.Is(() => anyone.Get("/v1/wallets/ann/gallery"), answer => answer.Status == 403);
        var ended = await Eventually.Is(() => anyone.Get($"/v1/matches/{match}"), answer => answer.String("status") == "ended");
        var lines = await anyone.Get($"/v1/matches/{match}/lines");
        Assert.Equal(("cleo", 2_000), (ended.String("winner"), ended["sides"][0].GetProperty("points").GetInt64()));
        Assert.Equal((true, 1), (lines["agrees"].GetBoolean(), lines["items"].GetArrayLength()));
    }
}
