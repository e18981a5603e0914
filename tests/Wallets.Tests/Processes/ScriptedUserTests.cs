using System.Diagnostics;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>
/// A user from purchase to payout, over HTTP against real processes that are killed with -9 in the middle, on SQLite and on a whole
/// cluster. Every figure must be the same afterwards and the audit clean.
/// </summary>
public sealed class ScriptedUserTests(Databases databases)
{
    [Fact]
    public async Task On_the_all_in_one_server()
    {
        var folder = databases.NewFolder();
        string[] before;
        string stream;
        var server = await ServerProcess.StartAllInOne(folder);
        await using (server)
        {
            stream = await BuySendAndCashOut(server.Url);
            before = await Figures(server.Url, stream);
            await server.Kill();
        }

        await using var again = await ServerProcess.StartAllInOne(folder);

        Assert.Equal(before, await Figures(again.Url, stream));
        Assert.Equal(0, Audit(folder));
    }

    [Fact]
    public async Task On_the_local_cluster()
    {
        var folder = databases.NewFolder();
        var port = Ports.FreeBlock();
        string[] before;
        string stream;
        await using (var cluster = await LocalCluster.Start(folder, port))
        {
            stream = await BuySendAndCashOut(cluster.Url);
            before = await Figures(cluster.Url, stream);
            cluster.KillEveryServer();
        }

        await using var again = await LocalCluster.Start(folder, port);

        Assert.Equal(before, await Figures(again.Url, stream));
        Assert.Equal(0, again.Audit());
    }

    private static async Task<string> BuySendAndCashOut(string url)
    {
        using var ann = await ApiClient.As(url, "ann", "viewer");
        using var cleo = await ApiClient.As(url, "cleo", "creator");
        var bought = await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-330", channel = "dev", proof = "dev:first" }, Key());
        Assert.Equal((201, 330, 330), (bought.Status, bought.Long("coins"), bought.Long("balance")));
        var stream = (await cleo.Post("/v1/streams", new { creatorId = "cleo", title = "Evening" })).String("streamId");

        var retriedKey = Key();
        var retried = new List<ApiAnswer>();
        for (var i = 0; i < 6; i++) retried.Add(await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "bouquet", quantity = 1 }, retriedKey));
        var changedKey = Key();
        var second = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "ice-cream", quantity = 2 }, changedKey);
        var changed = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "ice-cream", quantity = 3 }, changedKey);
        var third = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "rose", quantity = 7 }, Key());

        Assert.Single(retried.Select(answer => answer.Text).Distinct());
        Assert.Equal([false, true, true, true, true, true], retried.Select(answer => answer.Replayed));
        Assert.Equal((201, 422, "idempotency_key_reused"), (second.Status, changed.Status, changed.Code));
        Assert.Equal(330 - 100 - 20 - 7, third.Long("balance"));
        await Eventually.Is(() => ann.Get($"/v1/wallets/ann/gifts/{retriedKey}"), receipt => receipt.String("status") == "settled");
        await Eventually.Is(() => cleo.Get("/v1/creators/cleo/earnings"), earnings => earnings["diamonds"].GetProperty("available").GetInt64() == 50 + 10 + 4);
        await Eventually.Is(() => ann.Get($"/v1/streams/{stream}"), view => view["totals"].GetProperty("gifts").GetInt64() == 1 + 2 + 7);

        var payout = await cleo.Post("/v1/creators/cleo/payouts", new { diamonds = 60 }, Key());
        Assert.Equal((201, "requested"), (payout.Status, payout.String("status")));
        return stream;
    }

    private static async Task<string[]> Figures(string url, string stream)
    {
        using var ann = await ApiClient.As(url, "ann", "viewer");
        using var cleo = await ApiClient.As(url, "cleo", "creator");
        string[] figures =
        [
            (await ann.Get("/v1/wallets/ann")).Text,
            (await ann.Get("/v1/wallets/ann/entries")).Text,
            (await cleo.Get("/v1/creators/cleo/earnings")).Text,
            (await cleo.Get("/v1/creators/cleo/entries")).Text,
            (await ann.Get($"/v1/streams/{stream}")).Text,
        ];
        Assert.Contains("\"coins\":203", figures[0], StringComparison.Ordinal);
        Assert.Contains("\"available\":4,\"reserved\":60", figures[2], StringComparison.Ordinal);
        return figures;
    }

    private static int Audit(string folder)
    {
        var start = new ProcessStartInfo(Repository.Server, ["audit"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        using var audit = Process.Start(start)!;
        audit.StandardOutput.ReadToEnd();
        audit.WaitForExit();
        return audit.ExitCode;
    }

    private static string Key() => Guid.CreateVersion7().ToString();
}
