using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Wallets.Tests.Infrastructure;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Wallets.BrowserTests;

/// <summary>What people do on the pages, in a real browser, against the real server; what they are shown agrees with the ledger.</summary>
[Collection(BrowsersCollection.Name)]
public sealed class PageTests(Browsers browsers) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => browsers.EndVisits();

    [Fact]
    public async Task A_gift_goes_from_the_checkout_to_the_creators_payout_before_everybodys_eyes()
    {
        var stream = await browsers.Stream("cara", "Cara at the piano");
        var ann = await browsers.Visitor("ann", "viewer", $"/live/{stream}");
        var bob = await browsers.Visitor("bob", "viewer", $"/live/{stream}", phone: true);
        var cara = await browsers.Visitor("cara", "creator", "/creator");
        var olga = await browsers.Visitor("olga", "operator", "/ops");

        await Buy(ann, "440");
        await Expect(ann.GetByTestId("balance")).ToContainTextAsync("440");
        await bob.GetByText("The first gift of your visit appears here.").WaitForAsync();
        await ann.Locator("[data-gift=bouquet]").ClickAsync();

        await Expect(ann.GetByTestId("balance")).ToContainTextAsync("340");
        await Expect(bob.GetByTestId("feed")).ToContainTextAsync("ann sent Bouquet");
        await Expect(bob.GetByTestId("board")).ToContainTextAsync("ann");
        await Expect(cara.GetByTestId("available")).ToContainTextAsync("50");

        await cara.GetByLabel("Diamonds", new() { Exact = true }).FillAsync("20");
        await cara.GetByRole(AriaRole.Button, new() { Name = "Ask for $0.20" }).ClickAsync();

        await Expect(cara.GetByTestId("payouts")).ToContainTextAsync("$0.20");
        await Expect(olga.GetByTestId("payouts")).ToContainTextAsync("cara");
        await Expect(cara.GetByTestId("available")).ToContainTextAsync("30");
    }

    [Fact]
    public async Task Twenty_fast_clicks_are_one_streak_and_charged_exactly()
    {
        var stream = await browsers.Stream("dora", "Dora dances");
        var page = await browsers.Visitor("cliff", "viewer", $"/live/{stream}");
        await Buy(page, "440");

        for (var i = 0; i < 20; i++) await page.Locator("[data-gift=smile]").ClickAsync();
        var taps = page.Locator("[data-gift=smile] .taps");
        await Expect(taps).ToHaveTextAsync("×20");
        var streak = await taps.GetAttributeAsync("data-streak");

        await Expect(page.GetByTestId("balance")).ToContainTextAsync("340");
        await Expect(page.GetByTestId("gifts")).ToHaveTextAsync("20");
        await Expect(page.GetByTestId("feed").Locator("li")).ToHaveTextAsync([new Regex("cliff sent Smile ×20\\s*100$")]);
        using var api = await ApiClient.As(browsers.Url, "cliff", "viewer");
        var charged = await api.Get($"/v1/wallets/cliff/streaks/{streak}");
        var gifts = (await api.Get("/v1/wallets/cliff/entries"))["items"].EnumerateArray().Where(line => line.GetProperty("kind").GetString() == "gift_sent").ToArray();
        Assert.Equal((20, 100), (charged.Long("total"), charged.Long("coins")));
        Assert.Equal((20, -100), (gifts.Sum(line => line.GetProperty("quantity").GetInt64()), gifts.Sum(line => line.GetProperty("amount").GetInt64())));
        Assert.Equal(340, (await api.Get("/v1/wallets/cliff")).Long("coins"));
    }

    [Fact]
    public async Task A_tap_that_is_refused_leaves_the_count_at_what_was_charged_and_the_next_one_goes_on()
    {
        var stream = await browsers.Stream("hana", "Hana draws");
        var page = await browsers.Visitor("ivo", "viewer", $"/live/{stream}");
        var (smile, taps) = (page.Locator("[data-gift=smile]"), page.Locator("[data-gift=smile] .taps"));
        await Buy(page, "440");

        await smile.ClickAsync();
        await Expect(page.GetByTestId("balance")).ToContainTextAsync("435");
        await Choose(page, 99);
        await smile.ClickAsync();

        await Expect(page.GetByTestId("said")).ToContainTextAsync("Smile ×99 costs 495 coins; you need 60 more. Smile was charged, and nothing more.");
        await Expect(taps).ToHaveTextAsync("×1");
        await Choose(page, 5);
        await smile.ClickAsync();
        await Expect(page.GetByTestId("balance")).ToContainTextAsync("410");
        await Expect(taps).ToHaveTextAsync("×6");
        using var api = await ApiClient.As(browsers.Url, "ivo", "viewer");
        Assert.Equal(6, (await api.Get($"/v1/wallets/ivo/streaks/{await taps.GetAttributeAsync("data-streak")}")).Long("total"));
        Assert.Equal(410, (await api.Get("/v1/wallets/ivo")).Long("coins"));
    }

    [Fact]
    public async Task A_quiet_streak_ends_by_itself_the_next_tap_begins_another_and_level_and_budget_follow()
    {
        var stream = await browsers.Stream("jana", "Jana sings");
        var page = await browsers.Visitor("karl", "viewer", $"/live/{stream}");
        var (bouquet, taps) = (page.Locator("[data-gift=bouquet]"), page.Locator("[data-gift=bouquet] .taps"));
        await Buy(page, "440");
        await Expect(page.GetByTestId("level")).ToContainTextAsync("100 coins to level 2");

        await bouquet.ClickAsync();
        await Expect(page.GetByTestId("level")).ToContainTextAsync("700 coins to level 3");
        await Expect(page.GetByTestId("today")).ToContainTextAsync("100 of 50,000");
        await Expect(page.GetByTestId("week")).ToContainTextAsync("100 of 200,000");
        var first = await taps.GetAttributeAsync("data-streak");
        await Expect(taps).ToHaveCountAsync(0, new() { Timeout = 30_000 });
        await bouquet.ClickAsync();

        await Expect(page.GetByTestId("balance")).ToContainTextAsync("240");
        await Expect(taps).ToHaveTextAsync("×1");
        Assert.NotEqual(first, await taps.GetAttributeAsync("data-streak"));
        await Expect(page.GetByTestId("feed").Locator("li")).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task A_refused_gift_is_explained_and_shows_where_coins_are_had()
    {
        var stream = await browsers.Stream("elsa", "Elsa reads");
        var page = await browsers.Visitor("poor", "viewer", $"/live/{stream}");

        await page.Locator("[data-gift=rocket]").ClickAsync();

        await Expect(page.GetByTestId("said")).ToContainTextAsync("you need 15,000 more. Nothing was charged.");
        await Expect(page.GetByTestId("packs")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task After_the_server_is_killed_midstream_pages_come_back_by_themselves_and_figures_agree()
    {
        var stream = await browsers.Stream("fay", "Fay cooks");
        var page = await browsers.Visitor("gus", "viewer", $"/live/{stream}");
        await Buy(page, "440");
        await page.Locator("[data-gift=bouquet]").ClickAsync();
        await Expect(page.GetByTestId("balance")).ToContainTextAsync("340");

        await browsers.Server.Kill();
        await browsers.StartServer();

        await Expect(page.GetByTestId("balance")).ToContainTextAsync("340", new() { Timeout = 60_000 });
        await Eventually.Is(async () =>
        {
            await page.Locator("[data-gift=smile]").ClickAsync(new() { Timeout = 60_000 });
            return await page.GetByTestId("balance").TextContentAsync();
        }, balance => balance?.Contains("340", StringComparison.Ordinal) == false, withinSeconds: 60);
        await Expect(page.GetByTestId("said")).ToContainTextAsync("Sent Smile");
        using var api = await ApiClient.As(browsers.Url, "gus", "viewer");
        await Eventually.Is(async () => (
            Held: (await api.Get("/v1/wallets/gus")).Long("coins"),
            Balance: await page.GetByTestId("balance").TextContentAsync(),
            Sent: await page.GetByTestId("coins").TextContentAsync()),
            seen => seen.Balance!.Contains($"{seen.Held}", StringComparison.Ordinal) && seen.Sent == $"{440 - seen.Held}");   // a last tap may be under way
    }

    [Fact]
    public async Task A_large_payout_is_decided_on_the_page_by_as_many_operators_as_it_takes()
    {
        await Give("nora", 80_000);
        await Give("omar", 60_000);
        var (olga, otto) = (await browsers.Visitor("olga", "operator", "/ops"), await browsers.Visitor("otto", "operator", "/ops"));
        await AskPayout("nora", 80_000);
        await AskPayout("omar", 60_000);

        await Press(olga, "Approve payout to nora");
        await Expect(olga.GetByTestId("decided")).ToContainTextAsync("You agreed to pay nora $800.00.");
        await Expect(otto.GetByTestId("waiting")).ToContainTextAsync("Approved by olga");
        await Press(olga, "Approve payout to nora");
        await Expect(olga.GetByRole(AriaRole.Alert)).ToContainTextAsync("You have said so already; another operator must agree.");
        await Press(otto, "Reject payout to omar");
        await Expect(otto.GetByRole(AriaRole.Alert)).ToContainTextAsync("reason");
        await otto.GetByLabel("Reason: payout to omar").FillAsync("The account is not his.");
        await Press(otto, "Reject payout to omar");
        await Expect(otto.GetByTestId("decided")).ToContainTextAsync("omar has ◆ 60,000 back");
        await Press(otto, "Approve payout to nora");

        await Expect(olga.GetByTestId("waiting")).Not.ToContainTextAsync("nora");
        await Expect(olga.GetByTestId("payouts")).ToContainTextAsync("nora");
        using var omar = await ApiClient.As(browsers.Url, "omar", "creator");
        Assert.Equal(60_000, (await omar.Get("/v1/creators/omar/earnings"))["diamonds"].GetProperty("available").GetInt64());
    }

    [Fact]
    public async Task An_act_above_the_threshold_takes_another_operator_than_the_one_who_asked()
    {
        var (granted, mistaken) = (await browsers.AskFor("olga", "adjust_coins", "pia", 20_000), await browsers.AskFor("olga", "adjust_coins", "quinn", 30_000));
        var (olga, otto) = (await browsers.Visitor("olga", "operator", "/ops"), await browsers.Visitor("otto", "operator", "/ops"));

        await Press(olga, "Approve adjust coins pia");
        await Expect(olga.GetByRole(AriaRole.Alert)).ToContainTextAsync("Another operator than the one who asked must approve this.");
        await Press(otto, "Approve adjust coins pia");
        await Expect(otto.GetByTestId("decided")).ToContainTextAsync("pia: applied");
        await otto.GetByLabel("Reason: adjust coins quinn").FillAsync("Meant for somebody else.");
        await Press(otto, "Reject adjust coins quinn");

        await Expect(olga.GetByTestId("waiting")).Not.ToContainTextAsync("pia");
        await Expect(olga.GetByTestId("waiting")).Not.ToContainTextAsync("quinn");
        using var api = await ApiClient.As(browsers.Url, "olga", "operator");
        Assert.Equal(["applied", "rejected"], [(await api.Get($"/v1/admin/acts/{granted}")).String("status"), (await api.Get($"/v1/admin/acts/{mistaken}")).String("status")]);
        using var pia = await ApiClient.As(browsers.Url, "pia", "viewer");
        Assert.Equal(20_000, (await pia.Get("/v1/wallets/pia")).Long("coins"));
    }

    [Fact]
    public async Task Pages_are_for_those_whose_token_says_so()
    {
        var page = await browsers.Visitor("nosy", "viewer");

        await page.GotoAsync("/ops");

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("another role");
    }

    /// <summary>Diamonds that two operators agree on, by the API.</summary>
    private async Task Give(string creator, long diamonds)
    {
        var act = await browsers.AskFor("olga", "adjust_diamonds", creator, diamonds);
        using var api = await ApiClient.As(browsers.Url, "otto", "operator");
        Assert.Equal("applied", (await api.Post($"/v1/admin/acts/{act}/approve", null)).String("status"));
    }

    private async Task AskPayout(string creator, long diamonds)
    {
        using var api = await ApiClient.As(browsers.Url, creator, "creator");
        Assert.Equal(201, (await api.Post($"/v1/creators/{creator}/payouts", new { diamonds }, $"{Guid.CreateVersion7()}")).Status);
    }

    private static Task Press(IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    private static Task Choose(IPage page, int quantity) => page.GetByRole(AriaRole.Button, new() { Name = $"×{quantity}", Exact = true }).ClickAsync();

    internal static async Task Buy(IPage page, string coins)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Get coins" }).ClickAsync();
        await page.GetByTestId("packs").GetByText($"● {coins}", new() { Exact = true }).ClickAsync();
        await Expect(page.GetByTestId("said")).ToContainTextAsync("coins for");
    }
}
