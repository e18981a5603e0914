using System.Text.Json;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using Wallets.Tests.Shared;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Wallets.BrowserTests;

/// <summary>
/// Each page while the show runs, on a phone and on a desk: nothing serious that stands in anybody's way. With <c>SCREENSHOTS=1</c> the
/// pictures in <c>screenshots/</c> are taken anew.
/// </summary>
[Collection(BrowsersCollection.Name)]
public sealed class LookTests(Browsers browsers) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => browsers.EndVisits();

    [Theory]
    [InlineData("start", "visitor", "viewer", "/")]
    [InlineData("sign-in", "visitor", "viewer", "/sign-in")]
    [InlineData("live", "mia", "viewer", "/")]
    [InlineData("creator", "luna", "creator", "/creator")]
    [InlineData("operations", "olga", "operator", "/ops")]
    public async Task A_page_is_in_nobodys_way(string name, string visitor, string role, string address)
    {
        if (name == "operations") await browsers.AskFor("olga", "adjust_coins", "rosa", 25_000);
        foreach (var phone in new[] { false, true })
        {
            var page = await browsers.Visitor(visitor, role, address, phone);
            if (name == "sign-in") await page.GotoAsync(address);
            await IsAlive(page, name);

            await page.EvaluateAsync(new BundledAxeScriptProvider().GetScript());
            var result = await page.EvaluateAsync<JsonElement>("async () => { const r = await axe.run(); return r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.nodes.map(n => n.html).slice(0, 3).join(' | ')); }");
            Assert.Equal([], result.EnumerateArray().Select(violation => violation.GetString()!));
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "The page is wider than its window.");
            await page.EvaluateAsync("window.scrollTo(0, 0)");
            if (Environment.GetEnvironmentVariable("SCREENSHOTS") == "1")
                await page.ScreenshotAsync(new PageScreenshotOptions { Path = Repository.File($"tests/Wallets.BrowserTests/screenshots/{name}-{(phone ? "phone" : "desk")}.png") });
            await page.Context.CloseAsync();
        }
    }

    /// <summary>Waits until the show is seen on the page.</summary>
    private static async Task IsAlive(IPage page, string name)
    {
        switch (name)
        {
            case "live":
                await page.Locator(".card.stream", new() { HasText = "luna" }).First.ClickAsync();
                await Expect(page.GetByTestId("feed").Locator("li").Nth(3)).ToBeVisibleAsync(new() { Timeout = 60_000 });
                await PageTests.Buy(page, "1,760");
                for (var i = 0; i < 7; i++) await page.Locator("[data-gift=ice-cream]").ClickAsync();
                await Expect(page.Locator("[data-gift=ice-cream] .taps:not(.unsure)")).ToHaveTextAsync("×7");
                break;
            case "creator":
                await Expect(page.Locator(".list .line").Nth(2)).ToBeVisibleAsync(new() { Timeout = 60_000 });
                await page.Locator(".list .line").First.ClickAsync();
                await page.Locator(".receipt").WaitForAsync();
                break;
            case "operations":
                await page.GetByRole(AriaRole.Button, new() { Name = "Run an audit" }).ClickAsync();
                await Expect(page.GetByTestId("audit")).ToContainTextAsync("Clean");
                await page.GetByLabel("Name", new() { Exact = true }).FillAsync("ada");
                await page.GetByRole(AriaRole.Button, new() { Name = "Look up" }).ClickAsync();
                await Expect(page.GetByTestId("closing")).ToContainTextAsync("coins");
                await page.GetByRole(AriaRole.Button, new() { Name = "Approve adjust coins", Exact = false }).First.ClickAsync();
                await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Another operator");
                break;
        }
    }
}
