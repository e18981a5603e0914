using Microsoft.AspNetCore.SignalR;
using Wallets.Tests.Api;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Live;

/// <summary>The hub as viewers meet it, over real connections to the real server.</summary>
public sealed class HubTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static string Key() => Guid.CreateVersion7().ToString();

    [Fact]
    public async Task Who_joins_late_sees_what_is_and_then_every_frame_and_goes_on_where_a_connection_ended()
    {
        var (ann, name, cleo, stream) = await Given();
        await Send(ann, name, stream, 3);
        await using var early = await FeedViewer.Join(server.Url, stream);
        await early.Sees(frame => frame.Totals.Gifts == 3);

        for (var n = 0; n < 5; n++) await Send(ann, name, stream, 1);
        await early.Sees(frame => frame.Totals.Gifts == 8);
        await using var late = await FeedViewer.Join(server.Url, stream);
        var left = early.Last;
        await early.DisposeAsync();
        for (var n = 0; n < 5; n++)
        {
            await Send(ann, name, stream, 2);
            await late.Sees(frame => frame.Totals.Gifts == 10 + 2 * n);
        }
        await using var back = await FeedViewer.Resume(server.Url, stream, left);
        await back.Sees(frame => frame.Totals.Gifts == 18);

        Assert.True(early.Frames[0].IsSnapshot && late.Frames[0].IsSnapshot);
        Assert.Equal((8, name), (late.Frames[0].Totals.Gifts, Assert.Single(late.Frames[0].Top).UserId));
        Assert.NotEmpty(late.Frames[0].Gifts);
        Assert.Equal((5, 5), (late.GiftsTold, back.GiftsTold));
        Assert.DoesNotContain(back.Frames, frame => frame.IsSnapshot);
        Assert.Empty(new[] { early, late, back }.SelectMany(viewer => viewer.Breaks));

        await cleo.Post($"/v1/streams/{stream}/end", null);
        var end = await late.Sees(frame => frame.Status == StreamView.Ended);
        Assert.Equal((18, 0), (end.Totals.Gifts, end.Gifts.Length));
    }

    [Fact]
    public async Task A_streak_is_charged_once_however_its_messages_come_and_is_a_line_that_grows()
    {
        var (ann, name, _, stream) = await Given();
        await using var viewer = await FeedViewer.Join(server.Url, stream);
        var path = $"/v1/wallets/{name}/streaks/{Key()}";

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Put(ann, path, stream, n % 2 == 0 ? 20 - n : n + 1)));
        var again = await Put(ann, path, stream, 7);
        var read = await ann.Get(path);
        await viewer.Sees(frame => frame.Totals.Gifts == 20);

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal((20, 20, "live", true), (again.Long("total"), again.Long("coins"), again.String("status"), again.Replayed));
        Assert.Equal(again.Text, read.Text);
        Assert.Equal(310, (await ann.Get($"/v1/wallets/{name}")).Long("coins"));
        Assert.Equal(20, viewer.Frames.Where(frame => !frame.IsSnapshot).SelectMany(frame => frame.Gifts).Sum(line => line.Quantity));
        await using var late = await FeedViewer.Join(server.Url, stream);
        Assert.Equal((20, 20), (Assert.Single(late.Last.Gifts).StreakTotal, Assert.Single(late.Last.Gifts).Quantity));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_a_code()
    {
        var (ann, name, _, stream) = await Given();
        await using var viewer = await FeedViewer.Join(server.Url, stream);
        var path = $"/v1/wallets/{name}/streaks/{Key()}";
        using var bob = await ApiClient.As(server.Url, "bob", "viewer");

        Assert.Contains("unknown_stream", await Refusal("Join", Key()), StringComparison.Ordinal);
        Assert.Contains("unknown_stream", await Refusal("Join", "nonsense"), StringComparison.Ordinal);
        Assert.Contains("invalid_frame", await Refusal("Resume", stream, new string('x', 65), 1), StringComparison.Ordinal);
        Assert.Contains("invalid_frame", await Refusal("Resume", stream, "x", -1), StringComparison.Ordinal);
        Assert.Equal((422, "invalid_quantity"), Problem(await Put(ann, path, stream, 0)));
        Assert.Equal((422, "invalid_quantity"), Problem(await Put(ann, path, stream, 10_000)));
        Assert.Equal((422, "unknown_stream"), Problem(await Put(ann, path, "nonsense", 1)));
        Assert.Equal((409, "insufficient_funds"), Problem(await Put(ann, path, stream, 331)));
        Assert.Equal((400, "invalid_id"), Problem(await Put(ann, $"/v1/wallets/{name}/streaks/x", stream, 1)));
        Assert.Equal((403, "forbidden"), Problem(await Put(bob, path, stream, 1)));
        Assert.Equal((404, "unknown_key"), Problem(await ann.Get(path)));
        Assert.Equal((400, "invalid_request"), Problem(await ann.Send(HttpMethod.Put, path, System.Net.Http.Json.JsonContent.Create(new { streamId = stream, giftId = "rose" }), null)));
        Assert.Equal(200, (await Put(ann, path, stream, 2)).Status);
        Assert.Equal((422, "idempotency_key_reused"), Problem(await Put(ann, path, stream, 3, "ice-cream")));

        async Task<string> Refusal(string method, params object[] arguments) => (await Assert.ThrowsAsync<HubException>(() => viewer.Invoke(method, arguments))).Message;
    }

    [Fact]
    public async Task Who_chooses_to_give_anonymously_vanishes_from_what_viewers_see_and_who_joins_later_is_told()
    {
        var (ann, name, _, stream) = await Given();
        await using var early = await FeedViewer.Join(server.Url, stream);
        await Send(ann, name, stream, 3);
        await early.Sees(frame => frame.Top is [{ UserId: not null }]);

        await ann.Send(HttpMethod.Put, $"/v1/wallets/{name}/anonymity", System.Net.Http.Json.JsonContent.Create(new { anonymous = true }), null);
        var replaced = await early.Sees(frame => frame.Top is [{ UserId: null }]);
        await using var late = await FeedViewer.Join(server.Url, stream);
        await Send(ann, name, stream, 4);
        await Task.WhenAll(early.Sees(frame => frame.Totals.Gifts == 7), late.Sees(frame => frame.Totals.Gifts == 7));

        Assert.True(replaced.IsSnapshot);
        Assert.All(late.Frames.Concat(early.Frames.Where(frame => frame.Epoch == replaced.Epoch)).SelectMany(frame => frame.Gifts), line => Assert.Null(line.UserId));
        Assert.Equal([3, 4], late.Frames.SelectMany(frame => frame.Gifts).Select(line => (int)line.Quantity));
        Assert.Empty(early.Breaks.Concat(late.Breaks));
        Assert.DoesNotContain(name, (await ApiClient.Anonymous(server.Url).Get($"/v1/streams/{stream}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_left_is_told_nothing_more()
    {
        var (ann, name, _, stream) = await Given();
        await using var gone = await FeedViewer.Join(server.Url, stream);
        await using var here = await FeedViewer.Join(server.Url, stream);
        await gone.Leave(stream);

        await Send(ann, name, stream, 1);
        await here.Sees(frame => frame.Totals.Gifts == 1);

        Assert.Single(gone.Frames);
    }

    private static (int, string?) Problem(ApiAnswer answer) => (answer.Status, answer.Code);

    private static Task<ApiAnswer> Put(ApiClient client, string path, string stream, int total, string gift = "rose") =>
        client.Send(HttpMethod.Put, path, System.Net.Http.Json.JsonContent.Create(new { streamId = stream, giftId = gift, total }), null);

    private static async Task Send(ApiClient client, string name, string stream, int quantity) =>
        Assert.Equal(201, (await client.Post($"/v1/wallets/{name}/gifts", new { streamId = stream, giftId = "rose", quantity }, Key())).Status);

    private async Task<(ApiClient Ann, string Name, ApiClient Cleo, string Stream)> Given()
    {
        var (name, creator) = ($"ann-{Guid.NewGuid():N}", $"cleo-{Guid.NewGuid():N}");
        var ann = await ApiClient.As(server.Url, name, "viewer");
        var cleo = await ApiClient.As(server.Url, creator, "creator");
        Assert.Equal(201, (await ann.Post($"/v1/wallets/{name}/purchases", new { packId = "coins-330", channel = "dev", proof = $"dev:{Key()}" }, Key())).Status);
        return (ann, name, cleo, (await cleo.Post("/v1/streams", new { creatorId = creator, title = "A stream" })).String("streamId"));
    }
}
