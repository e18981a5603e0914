using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>Payouts over HTTP against the real server and the real sandbox, each a process of its own.</summary>
public sealed class PayoutApiTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    private const string Secret = "a secret of more than thirty-two characters";

    private static string Key() => Guid.CreateVersion7().ToString();

    [Fact]
    public async Task A_server_killed_while_the_provider_is_silent_pays_once_when_it_is_back()
    {
        var folder = databases.NewFolder();
        await sandbox.Behave();
        var (creator, key) = ($"cleo-{Guid.NewGuid():N}", Key());
        await using (var server = await Start(folder))
        {
            using var cleo = await Earn(server.Url, creator);
            var orders = await sandbox.OrdersReceived();
            await sandbox.Behave(new("hang"));
            var requested = await cleo.Post($"/v1/creators/{creator}/payouts", new { diamonds = 100 }, key);
            Assert.Equal((201, "requested", 100), (requested.Status, requested.String("status"), requested.Long("diamonds")));
            await Eventually.Is(sandbox.OrdersReceived, received => received > orders);
            await server.Kill();
        }
        await sandbox.Behave();

        await using (var server = await Start(folder))
        {
            using var cleo = await ApiClient.As(server.Url, creator, "creator");
            var paid = await Eventually.Is(() => cleo.Get($"/v1/creators/{creator}/payouts/{key}"), answer => answer.Status == 200 && answer.String("status") == "paid");

            Assert.Equal((key, creator, 100, 99), (paid.String("key"), paid.String("creatorId"), paid.Long("diamonds"), paid["paidOut"].GetProperty("amountMinor").GetInt64()));
            Assert.Single(await sandbox.TransfersTo(creator));
            var again = await cleo.Post($"/v1/creators/{creator}/payouts", new { diamonds = 100 }, key);
            Assert.Equal((201, true, "requested"), (again.Status, again.Replayed, again.String("status")));
            Assert.Equal(key, (await cleo.Get($"/v1/creators/{creator}/payouts"))["items"][0].GetProperty("key").GetString());
        }
    }

    [Fact]
    public async Task Operators_see_and_decide_over_http_and_others_do_not()
    {
        await sandbox.Behave();
        await using var server = await Start(databases.NewFolder(), "--Wallets:Payouts:ApprovalAboveMinor=50");
        var creator = $"cleo-{Guid.NewGuid():N}";
        using var cleo = await Earn(server.Url, creator);
        using var olga = await ApiClient.As(server.Url, "olga", "operator");
        var (approved, rejected) = (Key(), Key());
        await cleo.Post($"/v1/creators/{creator}/payouts", new { diamonds = 60 }, approved);
        await cleo.Post($"/v1/creators/{creator}/payouts", new { diamonds = 70 }, rejected);
        var waiting = await Eventually.Is(() => olga.Get("/v1/admin/payouts?status=awaiting_approval&limit=2"), answer => answer["items"].GetArrayLength() == 2);
        var path = $"/v1/admin/payouts/{creator}/{approved}";

        Assert.Equal((approved, 1, "awaiting_approval"), (waiting["items"][0].GetProperty("key").GetString(), waiting["items"][0].GetProperty("operatorsNeeded").GetInt32(), waiting["items"][0].GetProperty("status").GetString()));
        Assert.Equal(403, (await cleo.Get("/v1/admin/payouts")).Status);
        Assert.Equal(403, (await cleo.Post($"{path}/approve", new { })).Status);
        Assert.Equal((400, "invalid_status"), Problem(await olga.Get("/v1/admin/payouts?status=requested")));
        Assert.Equal((404, "unknown_key"), Problem(await olga.Get($"/v1/admin/payouts/{creator}/{Key()}")));
        Assert.Equal((422, "invalid_reason"), Problem(await olga.Post($"/v1/admin/payouts/{creator}/{rejected}/reject", new { reason = "" })));
        Assert.Equal((409, "payout_not_undecided"), Problem(await olga.Post($"{path}/resolve", new { outcome = "failed", reason = "No" })));
        Assert.Equal(200, (await olga.Post($"{path}/approve", new { reason = "Known for years" })).Status);
        Assert.Equal("failed", (await olga.Post($"/v1/admin/payouts/{creator}/{rejected}/reject", new { reason = "Not hers" })).String("status"));
        var paid = await Eventually.Is(() => olga.Get(path), answer => answer.String("status") == "paid");
        Assert.Equal(("approved", "olga", "Known for years"), Decision(paid["decisions"][0]));
        foreach (var (status, key) in new[] { ("paid", approved), ("failed", rejected) })
        {
            var ended = (await olga.Get($"/v1/admin/payouts?status={status}"))["items"];
            Assert.Equal((1, key, creator, status), (ended.GetArrayLength(), ended[0].GetProperty("key").GetString(), ended[0].GetProperty("creatorId").GetString(), ended[0].GetProperty("status").GetString()));
        }
        Assert.Equal(403, (await cleo.Get("/v1/admin/payouts?status=paid")).Status);
        Assert.Equal("Not hers", (await cleo.Get($"/v1/creators/{creator}/payouts/{rejected}")).String("reason"));
        Assert.Contains("wallets_payouts_ended", (await ApiClient.Anonymous(server.Url).Get("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_creator_is_paid_once_the_identity_provider_and_an_operator_have_said_what_they_must()
    {
        await sandbox.Behave();
        await using var server = await Start(databases.NewFolder(), "--Wallets:Payouts:RequireProfile=true", $"--Wallets:PayoutProvider:WebhookSecret={Secret}");
        var (creator, account) = ($"cleo-{Guid.NewGuid():N}", $"acct-{Guid.NewGuid():N}");
        using var cleo = await Earn(server.Url, creator);
        using var olga = await ApiClient.As(server.Url, "olga", "operator");
        var (payouts, profile) = ($"/v1/creators/{creator}/payouts", $"/v1/admin/creators/{creator}/payout-profile");
        var told = new { eventId = "event-1", creatorId = creator, occurredAt = "2026-03-01T12:00:00Z", identity = "verified" };

        Assert.Equal((409, "identity_not_verified"), Problem(await cleo.Post(payouts, new { diamonds = 10 }, Key())));
        Assert.Equal(401, (int)(await Tell(server.Url, told, "another secret of more than thirty-two characters")).StatusCode);
        Assert.Equal(401, (int)(await Tell(server.Url, told, Secret, TimeSpan.FromMinutes(-6))).StatusCode);
        Assert.Equal(400, (int)(await Tell(server.Url, new { eventId = "event-1" }, Secret)).StatusCode);
        Assert.Equal(422, (int)(await Tell(server.Url, told with { identity = "perhaps" }, Secret)).StatusCode);
        Assert.Equal(200, (int)(await Tell(server.Url, told, Secret)).StatusCode);
        Assert.Equal(200, (int)(await Tell(server.Url, told, Secret)).StatusCode);
        Assert.Equal((409, "tax_form_missing"), Problem(await cleo.Post(payouts, new { diamonds = 10 }, Key())));
        Assert.Equal(403, (await cleo.Send(HttpMethod.Put, profile, JsonContent.Create(new { reason = "Me", taxForm = "verified" }), null)).Status);
        Assert.Equal(200, (await olga.Send(HttpMethod.Put, profile, JsonContent.Create(new { reason = "Form", taxForm = "verified", account, contract = (object?)null }), null)).Status);
        Assert.Equal((422, "back_dated"), Problem(await olga.Send(HttpMethod.Put, profile, JsonContent.Create(
            new { reason = "Old", contract = new { agencyId = "stars", account = "acct", basisPoints = 100, effectiveFrom = "2020-01-01T00:00:00Z" } }), null)));
        Assert.Equal(201, (await cleo.Post(payouts, new { diamonds = 10 }, Key())).Status);

        var seen = await cleo.Get($"/v1/creators/{creator}/payout-profile");
        Assert.Equal(("verified", true), (seen.String("identity"), seen["hasAccount"].GetBoolean()));
        Assert.DoesNotContain(account, seen.Text, StringComparison.Ordinal);
        await Eventually.Is(() => sandbox.TransfersTo(account), transfers => transfers.Length == 1);
        Assert.DoesNotContain(account, server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, server.Output, StringComparison.Ordinal);
    }

    private Task<ServerProcess> Start(string folder, params string[] settings) => ServerProcess.StartAllInOne(folder,
        [$"--Wallets:PayoutProvider:Url={sandbox.Url}", "--Wallets:PayoutProvider:Timeout=00:00:02", "--Wallets:Payouts:ResubmitAfter=00:00:03", "--Wallets:Payouts:AskAgainAfter=00:00:00.1", .. settings]);

    /// <summary>A creator with 165 available diamonds.</summary>
    private static async Task<ApiClient> Earn(string url, string creator)
    {
        using var ann = await ApiClient.As(url, "ann", "viewer");
        var cleo = await ApiClient.As(url, creator, "creator");
        await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-330", channel = "dev", proof = $"dev:{Guid.NewGuid()}" }, Key());
        var stream = (await cleo.Post("/v1/streams", new { creatorId = creator, title = "A stream" })).String("streamId");
        await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "rose", quantity = 330 }, Key());
        await Eventually.Is(() => cleo.Get($"/v1/creators/{creator}/earnings"), answer => answer["diamonds"].GetProperty("available").GetInt64() == 165);
        return cleo;
    }

    private static async Task<HttpResponseMessage> Tell(string url, object told, string secret, TimeSpan age = default)
    {
        using var http = new HttpClient();
        var body = JsonSerializer.SerializeToUtf8Bytes(told);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/v1/webhooks/identity") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = Encoding.UTF8.WebName };
        request.Headers.Add(WebhookSignature.Header, WebhookSignature.Sign(body, Encoding.UTF8.GetBytes(secret), TimeProvider.System.GetUtcNow() + age));
        return await http.SendAsync(request);
    }

    private static (int, string?) Problem(ApiAnswer answer) => (answer.Status, answer.Code);

    private static (string?, string?, string?) Decision(JsonElement decision) =>
        (decision.GetProperty("act").GetString(), decision.GetProperty("actor").GetString(), decision.GetProperty("reason").GetString());
}
