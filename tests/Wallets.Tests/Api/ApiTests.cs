using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>One all-in-one server for all tests of the API.</summary>
public sealed class ApiServer(Databases databases) : IAsyncLifetime
{
    private ServerProcess _server = null!;

    public string Url => _server.Url;
    public string Output => _server.Output;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAllInOne(databases.NewFolder());

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>The HTTP API as its clients meet it: shapes, refusals, bad input.</summary>
public sealed class ApiTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static string Key() => Guid.CreateVersion7().ToString();
    private static string Name(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    [Fact]
    public async Task The_catalogue_and_the_rates_are_open_and_have_the_published_shapes()
    {
        using var anyone = ApiClient.Anonymous(server.Url);

        var packs = await anyone.Get("/v1/packs?channel=dev");
        var web = await anyone.Get("/v1/packs?channel=web");
        var gifts = await anyone.Get("/v1/gifts");
        var rates = await anyone.Get("/v1/rates");
        var rate = await anyone.Get("/v1/rates/1");

        var pack = packs["items"].EnumerateArray().Single(pack => pack.GetProperty("id").GetString() == "coins-330");
        Assert.Equal((330, 0, 499, "USD"), (pack.GetProperty("coins").GetInt32(), pack.GetProperty("bonusCoins").GetInt32(),
            pack.GetProperty("price").GetProperty("amountMinor").GetInt32(), pack.GetProperty("price").GetProperty("currency").GetString()));
        Assert.Equal(JsonValueKind.Null, packs["next"].ValueKind);
        Assert.Equal(4, web["items"].GetArrayLength());
        Assert.Equal(24, gifts["items"].GetArrayLength());
        Assert.Equal(["category", "fansOnly", "from", "id", "locked", "minLevel", "name", "price", "regions", "tier", "until"], gifts["items"][0].EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal((1, 1), (rates["items"].GetArrayLength(), rate["version"].GetInt32()));
        Assert.Equal((404, "unknown_rate_version"), Problem(await anyone.Get("/v1/rates/2")));
    }

    [Fact]
    public async Task A_replay_is_the_same_body_and_says_so()
    {
        var (ann, _, _, stream) = await Given();
        var (path, order, key) = ($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 3 }, Key());

        var first = await ann.Client.Post(path, order, key);
        var again = await ann.Client.Post(path, order, key);
        var other = await ann.Client.Post(path, order with { quantity = 4 }, key);

        Assert.Equal((201, false, 201, true), (first.Status, first.Replayed, again.Status, again.Replayed));
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(["balance", "coins", "committedAt", "creatorId", "diamonds", "giftId", "key", "quantity", "rateVersion", "status", "streamId", "userId"],
            first.Json.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal((422, "idempotency_key_reused"), Problem(other));
    }

    [Fact]
    public async Task Statements_are_paged_by_cursor()
    {
        var (ann, _, _, stream) = await Given();
        for (var i = 0; i < 6; i++) await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, Key());

        var seqs = new List<long>();
        for (string? after = ""; after is not null;)
        {
            var page = await ann.Client.Get($"/v1/wallets/{ann.Name}/entries?limit=3&after={after}");
            seqs.AddRange(page["items"].EnumerateArray().Select(line => line.GetProperty("seq").GetInt64()));
            after = page["next"].GetString();
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], seqs);
        Assert.Equal((400, "invalid_limit"), Problem(await ann.Client.Get($"/v1/wallets/{ann.Name}/entries?limit=501")));
        Assert.Equal((400, "invalid_limit"), Problem(await ann.Client.Get($"/v1/wallets/{ann.Name}/entries?limit=many")));
        Assert.Equal((400, "invalid_cursor"), Problem(await ann.Client.Get($"/v1/wallets/{ann.Name}/entries?after=-1")));
    }

    [Theory]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":0}""", 422, "invalid_quantity")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":-1}""", 422, "invalid_quantity")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":2147483647}""", 422, "invalid_quantity")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":99999999999999999999}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":"7"}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":1.5}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":null}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose"}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":null,"quantity":1}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":1,"cost":0}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":1,"price":0}""", 409, "price_changed")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":1,"quantity":2}""", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"rose","quantity":1""", 400, "invalid_request")]
    [InlineData("""[]""", 400, "invalid_request")]
    [InlineData("null", 400, "invalid_request")]
    [InlineData("", 400, "invalid_request")]
    [InlineData("""{"streamId":"STREAM","giftId":"no-such-gift","quantity":1}""", 422, "unknown_gift")]
    [InlineData("""{"streamId":"not-a-uuid","giftId":"rose","quantity":1}""", 422, "unknown_stream")]
    [InlineData("""{"streamId":"01a203c4-c8aa-70aa-ada5-4a81c8473830","giftId":"rose","quantity":1}""", 422, "unknown_stream")]
    [InlineData("""{"streamId":"STREAM","giftId":"universe","quantity":1}""", 409, "insufficient_funds")]
    [InlineData("""{"streamId":"STREAM","giftId":"universe","quantity":9999}""", 409, "insufficient_funds")]
    public async Task A_gift_that_cannot_be_gets_a_clear_problem_and_writes_nothing(string body, int status, string code)
    {
        var (ann, _, _, stream) = await Given();

        var answer = await Raw(ann.Client, $"/v1/wallets/{ann.Name}/gifts", body.Replace("STREAM", stream, StringComparison.Ordinal), Key());

        Assert.Equal((status, code), Problem(answer));
        Assert.Equal(330, (await ann.Client.Get($"/v1/wallets/{ann.Name}")).Long("coins"));
        Assert.Single((await ann.Client.Get($"/v1/wallets/{ann.Name}/entries"))["items"].EnumerateArray());
    }

    [Theory]
    [InlineData(null, "idempotency_key_missing")]
    [InlineData("", "idempotency_key_missing")]
    [InlineData("tuesday", "idempotency_key_invalid")]
    [InlineData("00000000-0000-0000-0000-000000000000", "idempotency_key_invalid")]
    [InlineData("{6f74cb01-1056-4c9a-9bb2-52b759f6aa1b}", "idempotency_key_invalid")]
    public async Task Every_post_that_moves_value_needs_a_uuid_as_key(string? key, string code)
    {
        var (ann, cleo, _, stream) = await Given();

        Assert.Equal((400, code), Problem(await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, key)));
        Assert.Equal((400, code), Problem(await ann.Client.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-65", channel = "dev", proof = "dev:x" }, key)));
        Assert.Equal((400, code), Problem(await cleo.Client.Post($"/v1/creators/{cleo.Name}/payouts", new { diamonds = 1 }, key)));
    }

    [Fact]
    public async Task Nobody_reads_or_moves_what_is_not_theirs()
    {
        var (ann, cleo, _, stream) = await Given();
        using var mallory = await ApiClient.As(server.Url, "mallory", "viewer", "creator");
        using var anyone = ApiClient.Anonymous(server.Url);

        foreach (var path in new[] { $"/v1/wallets/{ann.Name}", $"/v1/wallets/{ann.Name}/entries", $"/v1/wallets/{ann.Name}/gifts/{Key()}", $"/v1/creators/{cleo.Name}/earnings", $"/v1/creators/{cleo.Name}/entries", $"/v1/creators/{cleo.Name}/payouts/{Key()}", "/v1/admin/audits/latest" })
        {
            Assert.Equal((403, "forbidden"), Problem(await mallory.Get(path)));
            Assert.Equal((401, "unauthorized"), Problem(await anyone.Get(path)));
        }
        Assert.Equal((403, "forbidden"), Problem(await mallory.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, Key())));
        Assert.Equal((403, "forbidden"), Problem(await mallory.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-65", channel = "dev", proof = "dev:x" }, Key())));
        Assert.Equal((403, "forbidden"), Problem(await mallory.Post($"/v1/creators/{cleo.Name}/payouts", new { diamonds = 1 }, Key())));
        Assert.Equal((403, "forbidden"), Problem(await mallory.Post("/v1/streams", new { creatorId = cleo.Name, title = "Mine" })));
        Assert.Equal((403, "forbidden"), Problem(await mallory.Post($"/v1/streams/{stream}/end", null)));
        Assert.Equal((401, "unauthorized"), Problem(await anyone.Post("/v1/streams", new { creatorId = cleo.Name, title = "Mine" })));
        Assert.Equal((401, "unauthorized"), Problem(await Forged().Get($"/v1/wallets/{ann.Name}")));
    }

    [Theory]
    [InlineData("with%20space")]
    [InlineData("slash%2Fed")]
    [InlineData("%C3%A4nn")]
    [InlineData("a%00b")]
    [InlineData("129-characters-or-more-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task Odd_ids_are_refused(string id)
    {
        var (ann, _, _, _) = await Given();

        var answer = await ann.Client.Get($"/v1/wallets/{id}");

        Assert.Equal(400, answer.Status);
    }

    [Fact]
    public async Task A_body_over_64_KiB_and_a_wrong_media_type_are_refused()
    {
        var (ann, _, _, _) = await Given();
        var large = $$"""{"packId":"coins-65","channel":"dev","proof":"dev:{{new string('x', 70_000)}}"}""";

        Assert.Equal((413, "body_too_large"), Problem(await Raw(ann.Client, $"/v1/wallets/{ann.Name}/purchases", large, Key())));
        Assert.Equal((415, "unsupported_media_type"), Problem(await Raw(ann.Client, $"/v1/wallets/{ann.Name}/purchases", "{}", Key(), "text/plain")));
        Assert.Equal((404, "not_found"), Problem(await ann.Client.Get("/v1/nothing")));
        Assert.Equal((404, "unknown_key"), Problem(await ann.Client.Get($"/v1/wallets/{ann.Name}/gifts/{Key()}")));
        Assert.Equal((400, "invalid_key"), Problem(await ann.Client.Get($"/v1/wallets/{ann.Name}/gifts/one")));
        Assert.Equal((404, "unknown_stream"), Problem(await ann.Client.Get($"/v1/streams/{Key()}")));
    }

    [Fact]
    public async Task Purchases_and_payouts_that_cannot_be_are_refused()
    {
        var (ann, cleo, proof, _) = await Given();
        using var bob = await ApiClient.As(server.Url, "bob", "viewer");
        using var checkout = await ApiClient.As(server.Url, "checkout", "purchasing");

        Assert.Equal((422, "unknown_pack"), Problem(await ann.Client.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-1", channel = "dev", proof = "dev:a" }, Key())));
        Assert.Equal((422, "unknown_channel"), Problem(await ann.Client.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-65", channel = "barter", proof = "dev:a" }, Key())));
        Assert.Equal((422, "invalid_proof"), Problem(await ann.Client.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-65", channel = "dev", proof = "paid" }, Key())));
        Assert.Equal((409, "proof_already_used"), Problem(await bob.Post("/v1/wallets/bob/purchases", new { packId = "coins-330", channel = "dev", proof }, Key())));
        Assert.Equal(201, (await checkout.Post($"/v1/wallets/{ann.Name}/purchases", new { packId = "coins-65", channel = "dev", proof = $"dev:{Key()}" }, Key())).Status);
        Assert.Equal((409, "insufficient_diamonds"), Problem(await cleo.Client.Post($"/v1/creators/{cleo.Name}/payouts", new { diamonds = 1 }, Key())));
        Assert.Equal((422, "invalid_amount"), Problem(await cleo.Client.Post($"/v1/creators/{cleo.Name}/payouts", new { diamonds = 0 }, Key())));
        Assert.Equal((422, "invalid_amount"), Problem(await cleo.Client.Post($"/v1/creators/{cleo.Name}/payouts", new { diamonds = long.MinValue }, Key())));
        Assert.Equal((422, "invalid_title"), Problem(await cleo.Client.Post("/v1/streams", new { creatorId = cleo.Name, title = " " })));
        Assert.Equal((422, "self_gift"), Problem(await SelfGift()));
    }

    [Fact]
    public async Task An_ended_stream_takes_no_gift()
    {
        var (ann, cleo, _, stream) = await Given();
        await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, Key());

        var ended = await cleo.Client.Post($"/v1/streams/{stream}/end", null);
        var late = await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 1 }, Key());

        Assert.Equal("ended", ended.String("status"));
        Assert.Equal((409, "stream_ended"), Problem(late));
    }

    [Fact]
    public async Task Viewers_of_a_stream_get_its_gifts_in_frames()
    {
        var (ann, _, _, stream) = await Given();
        await using var viewer = new HubConnectionBuilder().WithUrl($"{server.Url}/live").Build();
        var frames = new ConcurrentQueue<JsonElement>();
        viewer.On<JsonElement>("frame", frames.Enqueue);
        await viewer.StartAsync();

        var joined = await viewer.InvokeAsync<JsonElement>("Join", stream);
        await Eventually.Is(() => Task.FromResult(frames.Count), count => count > 0);
        await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity = 7 }, Key());
        var seen = await Eventually.Is(() => Task.FromResult(frames.ToList()), all => all.Any(frame => frame.GetProperty("gifts").GetArrayLength() > 0));
        var unknown = await Assert.ThrowsAsync<HubException>(() => viewer.InvokeAsync<JsonElement>("Join", Key()));

        Assert.Equal("live", joined.GetProperty("status").GetString());
        var gift = seen.SelectMany(frame => frame.GetProperty("gifts").EnumerateArray()).Single();
        Assert.Equal((ann.Name, "rose", 7), (gift.GetProperty("userId").GetString(), gift.GetProperty("giftId").GetString(), gift.GetProperty("quantity").GetInt32()));
        Assert.Equal(7, seen[^1].GetProperty("totals").GetProperty("coins").GetInt64());
        Assert.Equal(ann.Name, seen[^1].GetProperty("top")[0].GetProperty("userId").GetString());
        Assert.Contains("unknown_stream", unknown.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("apple", 501, "channel_not_open"), InlineData("barter", 404, "unknown_channel")]
    public async Task A_notification_that_cannot_be_taken_is_left_with_its_sender(string channel, int status, string code)
    {
        using var store = ApiClient.Anonymous(server.Url);

        Assert.Equal((status, code), Problem(await store.Post($"/v1/webhooks/{channel}", new { })));
    }

    [Fact]
    public async Task The_documents_the_dashboard_the_metrics_and_the_health_answer()
    {
        using var anyone = ApiClient.Anonymous(server.Url);
        var (ann, _, _, stream) = await Given();
        foreach (var quantity in new[] { 0, 1 })   // a counter is there once it has counted
            await ann.Client.Post($"/v1/wallets/{ann.Name}/gifts", new { streamId = stream, giftId = "rose", quantity }, Key());

        var openApi = await anyone.Get("/openapi/v1.json");
        var metrics = await anyone.Get("/metrics");

        Assert.True(openApi["paths"].TryGetProperty("/v1/wallets/{userId}/gifts", out var gifts));
        Assert.Contains("Idempotency-Key", gifts.GetRawText(), StringComparison.Ordinal);
        foreach (var metric in new[] { "wallets_gifts_total", "wallets_ledger_append_duration_seconds_bucket", "wallets_ledger_batch_size_bucket", "wallets_ledger_queue_length", "wallets_in_flight{", "wallets_in_flight_oldest_seconds", "code=\"invalid_quantity\"" })
            Assert.Contains(metric, metrics.Text, StringComparison.Ordinal);
        foreach (var path in new[] { "/docs", "/dashboard/", "/health/live", "/health/ready" })
            Assert.Equal(200, (await anyone.Get(path)).Status);
    }

    [Fact]
    public async Task An_operator_runs_the_audit()
    {
        using var operatorClient = await ApiClient.As(server.Url, "olga", "operator");
        await Given();

        Assert.Equal(201, (await operatorClient.Post("/v1/admin/audits", null)).Status);
        var report = await Eventually.Is(() => operatorClient.Get("/v1/admin/audits/latest"), report => report.String("status") != "running");

        Assert.Equal("clean", report.String("status"));
        Assert.True(report["books"].GetArrayLength() > 0);
    }

    private async Task<((ApiClient Client, string Name) Ann, (ApiClient Client, string Name) Cleo, string Proof, string Stream)> Given()
    {
        var (ann, cleo, proof) = (Name("ann"), Name("cleo"), $"dev:{Guid.NewGuid()}");
        var annClient = await ApiClient.As(server.Url, ann, "viewer");
        var cleoClient = await ApiClient.As(server.Url, cleo, "creator");
        Assert.Equal(201, (await annClient.Post($"/v1/wallets/{ann}/purchases", new { packId = "coins-330", channel = "dev", proof }, Key())).Status);
        var stream = await cleoClient.Post("/v1/streams", new { creatorId = cleo, title = "A stream" });
        return ((annClient, ann), (cleoClient, cleo), proof, stream.String("streamId"));
    }

    private async Task<ApiAnswer> SelfGift()
    {
        var name = Name("both");
        using var both = await ApiClient.As(server.Url, name, "viewer", "creator");
        await both.Post($"/v1/wallets/{name}/purchases", new { packId = "coins-65", channel = "dev", proof = $"dev:{Key()}" }, Key());
        var stream = await both.Post("/v1/streams", new { creatorId = name, title = "Me" });
        return await both.Post($"/v1/wallets/{name}/gifts", new { streamId = stream.String("streamId"), giftId = "rose", quantity = 1 }, Key());
    }

    private ApiClient Forged()
    {
        var client = ApiClient.Anonymous(server.Url);
        client.Bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJyb2xlcyI6WyJ2aWV3ZXIiXX0.");
        return client;
    }

    private static Task<ApiAnswer> Raw(ApiClient client, string path, string body, string key, string mediaType = "application/json")
    {
        var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return client.Send(HttpMethod.Post, path, content, key);
    }

    private static (int Status, string? Code) Problem(ApiAnswer answer)
    {
        Assert.True(answer.MediaType == "application/problem+json", $"{answer.Status} {answer.MediaType}: {answer.Text}");
        return (answer.Status, answer.Code);
    }
}
