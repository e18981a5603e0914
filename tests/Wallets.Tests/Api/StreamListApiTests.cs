using System.Text.Json;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>Who is live, over HTTP and on the start page.</summary>
public sealed class StreamListApiTests(Databases databases)
{
    [Fact]
    public async Task Anybody_sees_who_is_live_page_by_page_and_after_the_server_was_killed()
    {
        var folder = databases.NewFolder();
        var ids = new List<string>();
        await using (var server = await ServerProcess.StartAllInOne(folder))
        {
            using var anyone = ApiClient.Anonymous(server.Url);
            using var cleo = await ApiClient.As(server.Url, "cleo", "creator");
            Assert.Equal("""{"items":[],"next":null}""", (await anyone.Get("/v1/streams")).Text);

            for (var n = 0; n < 3; n++) ids.Add((await cleo.Post("/v1/streams", new { creatorId = "cleo", title = $"Stream {n}" })).String("streamId"));
            await Lists(anyone, ids[2], ids[1], ids[0]);
            var page = await anyone.Get("/v1/streams?limit=2");
            var rest = await anyone.Get($"/v1/streams?limit=2&after={page.String("next")}");

            Assert.Equal([ids[2], ids[1]], Ids(page));
            Assert.Equal([ids[0]], Ids(rest));
            Assert.Equal(JsonValueKind.Null, rest["next"].ValueKind);
            Assert.Equal(["creatorId", "startedAt", "status", "streamId", "title", "totals"], page["items"][0].EnumerateObject().Select(field => field.Name).Order());
            Assert.Equal(("cleo", "Stream 2", "live"), (page["items"][0].GetProperty("creatorId").GetString(), page["items"][0].GetProperty("title").GetString(), page["items"][0].GetProperty("status").GetString()));
            Assert.Equal([(400, "invalid_limit"), (400, "invalid_cursor")], new[] { await anyone.Get("/v1/streams?limit=501"), await anyone.Get("/v1/streams?after=x") }.Select(answer => (answer.Status, answer.Code)));

            Assert.Equal(200, (await cleo.Post($"/v1/streams/{ids[1]}/end", null)).Status);
            await Lists(anyone, ids[2], ids[0]);
            await server.Kill();
        }

        await using var again = await ServerProcess.StartAllInOne(folder);
        using var later = ApiClient.Anonymous(again.Url);
        await Lists(later, ids[2], ids[0]);
        var start = (await later.Get("/")).Text;
        Assert.Contains($"live/{ids[2]}", start, StringComparison.Ordinal);
        Assert.DoesNotContain(ids[1], start, StringComparison.Ordinal);
    }

    private static Task Lists(ApiClient client, params string[] ids) =>
        Eventually.Is(() => client.Get("/v1/streams"), answer => answer.Status == 200 && Ids(answer).SequenceEqual(ids));

    private static IEnumerable<string> Ids(ApiAnswer answer) => answer["items"].EnumerateArray().Select(stream => stream.GetProperty("streamId").GetString()!);
}
