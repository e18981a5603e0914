using Microsoft.Playwright;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.BrowserTests;

[CollectionDefinition(Name)]
public sealed class BrowsersCollection : ICollectionFixture<Browsers>
{
    public const string Name = "browsers";
}

/// <summary>The real server, and a browser of the system's in which each visitor has a profile of their own.</summary>
public sealed class Browsers : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly string _folder = Directory.CreateTempSubdirectory("wallets-pages-").FullName;
    private readonly List<string> _arguments = [$"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}", "--Wallets:Hold=0", "--Wallets:Payouts:SecondApprovalAboveMinor=70000"];
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private string? _url;

    internal ServerProcess Server { get; private set; } = null!;

    public string Url => _url!;

    public async ValueTask InitializeAsync()
    {
        await StartServer();
        _playwright = await Playwright.CreateAsync();
        _playwright.Selectors.SetTestIdAttribute("data-test");
        Assertions.SetDefaultExpectTimeout(20_000);
        var chromium = Environment.GetEnvironmentVariable("CHROMIUM") ?? Places.FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("These tests need Chromium: tests/run.sh installs it.");
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox", "--force-prefers-reduced-motion"] });
    }

    /// <summary>On the address it had before, so that browsers find it again.</summary>
    public async Task StartServer()
    {
        _url ??= $"http://127.0.0.1:{Ports.Free()}";
        Server = ServerProcess.Run(Repository.Server, _folder, [.. _arguments, "--demo", "--urls", _url], _url, "Development");
        await Server.IsReady();
    }

    /// <summary>A new browser profile, signed in as <paramref name="name"/> with one role.</summary>
    public async Task<IPage> Visitor(string name, string role, string to = "/", bool phone = false)
    {
        var page = await NewPage(Url, phone);
        await page.GotoAsync($"/sign-in?to={Uri.EscapeDataString(to)}");
        await page.GetByLabel("Somebody else").FillAsync(name);
        foreach (var other in new[] { "viewer", "creator", "operator" }) await page.GetByLabel(other, new PageGetByLabelOptions { Exact = true }).SetCheckedAsync(other == role);
        await page.Locator("form.panel button").ClickAsync();
        return page;
    }

    /// <summary>A new browser profile that knows nobody.</summary>
    public async Task<IPage> NewPage(string url, bool phone = false)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = url,
            ViewportSize = phone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1280, Height = 800 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        return page;
    }

    /// <summary>A creator of the API's goes live; the stream's id.</summary>
    public async Task<string> Stream(string creator, string title)
    {
        using var api = await ApiClient.As(Url, creator, "creator");
        return (await api.Post("/v1/streams", new { creatorId = creator, title })).String("streamId");
    }

    /// <summary>An operator asks for an act by the API; its key.</summary>
    public async Task<Guid> AskFor(string asker, string kind, string subject, long amount)
    {
        using var api = await ApiClient.As(Url, asker, "operator");
        var key = Guid.CreateVersion7();
        await api.Post("/v1/admin/acts", new { kind, subject, reason = "Prize of the spring show.", amount }, $"{key}");
        return key;
    }

    /// <summary>At a test's end: pages that stay open go on asking the server, and all come back at once when it is killed.</summary>
    public async ValueTask EndVisits()
    {
        foreach (var context in _browser!.Contexts.ToArray()) await context.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
