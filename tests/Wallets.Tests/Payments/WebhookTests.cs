using System.Text;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Webhooks and proofs over HTTP, to the real server, which is killed as a machine would be.</summary>
public sealed class WebhookTests(Databases databases)
{
    private static readonly string[] Settings = [$"--Wallets:Channels:Web:Secrets:0={Checkout.Secret}"];

    [Fact]
    public async Task What_was_answered_200_becomes_coins_once_whenever_the_server_is_killed()
    {
        var folder = databases.NewFolder();
        var bodies = Enumerable.Range(0, 40).Select(n => Checkout.Paid($"pay-{n}", "ann", id: $"evt-{n}")).ToList();
        var answered = 0;
        await using (var server = await ServerProcess.StartAllInOne(folder, Settings))
        {
            using var checkout = ApiClient.Anonymous(server.Url);
            foreach (var body in bodies.Take(30))
                if ((await Deliver(checkout, body)).Status == 200) answered++;
            var dying = bodies.Skip(30).Select(body => Deliver(checkout, body)).ToList();
            await server.Kill();
            foreach (var delivery in dying)
                await delivery.ContinueWith(_ => { }, TaskScheduler.Default);   // lost with the server, or not
        }

        await using var next = await ServerProcess.StartAllInOne(folder, Settings);
        using var again = ApiClient.Anonymous(next.Url);
        using var ann = await ApiClient.As(next.Url, "ann", "viewer");
        await Eventually.Is(async () => (await ann.Get("/v1/wallets/ann")).Long("coins"), coins => coins >= 30 * 87);
        foreach (var body in bodies) Assert.Equal(200, (await Deliver(again, body)).Status);   // as a checkout does that had no answer

        Assert.Equal(30, answered);
        await Eventually.Is(async () => (await ann.Get("/v1/wallets/ann")).Long("coins"), coins => coins == 40 * 87);
        var lines = (await ann.Get("/v1/wallets/ann/entries"))["items"].EnumerateArray().ToList();
        Assert.Equal(40, lines.Count);
        Assert.All(lines, line => Assert.Equal("purchase", line.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task What_only_the_store_tells_of_becomes_coins_once_whenever_the_server_is_killed()
    {
        var folder = databases.NewFolder();
        var store = new AppStore(folder);
        string[] settings = [$"--Wallets:Channels:Apple:BundleId={store.Options.BundleId}", $"--Wallets:Channels:Apple:AppId={store.Options.AppId}", $"--Wallets:Channels:Apple:RootCertificate={store.RootFile}", "--Wallets:Channels:Apple:ProductPrefix=coins."];
        var proofs = Enumerable.Range(0, 40).Select(n => store.Transaction("ann", "coins-65", $"{3_000_000 + n}")).ToList();
        var bodies = proofs.Select((proof, n) => store.Notification("ONE_TIME_CHARGE", proof, $"n-{n}")).ToList();
        await using (var server = await ServerProcess.StartAllInOne(folder, settings))
        {
            using var apple = ApiClient.Anonymous(server.Url);
            using var app = await ApiClient.As(server.Url, "ann", "viewer");
            Assert.Equal(200, (await app.Get("/v1/wallets/ann")).Status);
            foreach (var body in bodies.Take(30)) Assert.Equal(200, (await Deliver(apple, body, channel: "apple")).Status);
            var dying = bodies.Skip(30).Select(body => Deliver(apple, body, channel: "apple")).ToList();
            await server.Kill();
            foreach (var delivery in dying)
                await delivery.ContinueWith(_ => { }, TaskScheduler.Default);   // lost with the server, or not
        }

        await using var next = await ServerProcess.StartAllInOne(folder, settings);
        using var again = ApiClient.Anonymous(next.Url);
        using var ann = await ApiClient.As(next.Url, "ann", "viewer");
        foreach (var body in bodies) Assert.Equal(200, (await Deliver(again, body, channel: "apple")).Status);   // as a store does that had no answer
        var byApp = await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-65", channel = "apple", proof = proofs[35] }, Guid.CreateVersion7().ToString());

        Assert.True(byApp.Status is 200 or 201, byApp.Text);
        await Eventually.Is(async () => (await ann.Get("/v1/wallets/ann")).Long("coins"), coins => coins == 40 * 65);
        Assert.Equal(40, (await ann.Get("/v1/wallets/ann/entries"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task Webhooks_and_proofs_have_clear_codes_and_operators_see_what_needs_them()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder(), Settings);
        using var checkout = ApiClient.Anonymous(server.Url);
        using var ann = await ApiClient.As(server.Url, "ann", "viewer");
        using var olga = await ApiClient.As(server.Url, "olga", "operator");
        var body = Checkout.Event("payment.blessed", new { paymentId = "pay-1" }, "evt-1");
        var tooOld = TimeProvider.System.GetUtcNow().AddMinutes(-10);

        Assert.Equal((401, "invalid_signature"), Problem(await Deliver(checkout, body, "t=1,v1=00")));
        Assert.Equal((401, "signature_expired"), Problem(await Deliver(checkout, body, Checkout.Sign(body, tooOld))));
        Assert.Equal((400, "invalid_notification"), Problem(await Deliver(checkout, "[]")));
        Assert.Equal((413, "body_too_large"), Problem(await Deliver(checkout, new string(' ', 70_000))));
        Assert.Equal((501, "channel_not_open"), Problem(await Deliver(checkout, body, channel: "apple")));
        Assert.Equal((404, "unknown_channel"), Problem(await Deliver(checkout, body, channel: "barter")));
        var first = await Deliver(checkout, body);
        var second = await Deliver(checkout, body);
        Assert.Equal((200, "evt-1", first.Text), (first.Status, first.String("id"), second.Text));

        var open = await Eventually.Is(() => olga.Get("/v1/admin/notifications?status=open"), page => page["items"].GetArrayLength() == 1);
        Assert.Equal("unknown_notification_type", open["items"][0].GetProperty("code").GetString());
        Assert.Equal(body, (await olga.Get("/v1/admin/notifications/web/evt-1")).String("body"));
        Assert.Equal("waiting", (await olga.Post("/v1/admin/notifications/web/evt-1/retry", null)).String("status"));
        await Eventually.Is(() => olga.Get("/v1/admin/notifications/web/evt-1"), item => item.String("status") == "open");
        Assert.Equal("done", (await olga.Post("/v1/admin/notifications/web/evt-1/close", new { note = "nothing to do" })).String("status"));
        Assert.Equal((404, "unknown_notification"), Problem(await olga.Get("/v1/admin/notifications/web/evt-2")));
        Assert.Equal((400, "invalid_status"), Problem(await olga.Get("/v1/admin/notifications?status=odd")));
        Assert.Equal((403, "forbidden"), Problem(await ann.Get("/v1/admin/notifications")));

        Assert.Equal((422, "wrong_amount"), Problem(await Buy(ann, Checkout.Paid("pay-2", "ann", amountMinor: 1))));
        Assert.Equal((422, "wrong_account"), Problem(await Buy(ann, Checkout.Paid("pay-2", "bob"))));
        Assert.Equal((422, "invalid_proof"), Problem(await Buy(ann, body)));
        Assert.Equal(201, (await Buy(ann, Checkout.Paid("pay-2", "ann"))).Status);
        Assert.Contains("wallets_notifications_total", (await checkout.Get("/metrics")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Checkout.Secret, server.Output, StringComparison.Ordinal);
    }

    private static Task<ApiAnswer> Buy(ApiClient client, string body) =>
        client.Post("/v1/wallets/ann/purchases", new { packId = "web-87", channel = "web", proof = Checkout.Proof(body) }, Guid.CreateVersion7().ToString());

    private static Task<ApiAnswer> Deliver(ApiClient client, string body, string? signature = null, string channel = "web")
    {
        var content = new StringContent(body, Encoding.UTF8, "application/json");
        content.Headers.TryAddWithoutValidation(WebhookSignature.Header, signature ?? Checkout.Sign(body));
        return client.Send(HttpMethod.Post, $"/v1/webhooks/{channel}", content, null);
    }

    private static (int Status, string? Code) Problem(ApiAnswer answer)
    {
        Assert.True(answer.MediaType == "application/problem+json", $"{answer.Status} {answer.MediaType}: {answer.Text}");
        return (answer.Status, answer.Code);
    }
}
