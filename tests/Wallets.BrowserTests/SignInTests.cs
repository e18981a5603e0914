using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Wallets.BrowserTests;

/// <summary>The way in where nobody can be whoever they like.</summary>
[Collection(BrowsersCollection.Name)]
public sealed class SignInTests(Browsers browsers) : IAsyncDisposable
{
    private const string Issuer = "https://issuer.example";

    private readonly string _folder = Directory.CreateTempSubdirectory("wallets-sign-in-").FullName;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    public async ValueTask DisposeAsync()
    {
        await browsers.EndVisits();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Outside_Development_the_issuers_token_opens_the_pages_that_it_is_for()
    {
        string[] settings = [$"--Wallets:Auth:Issuer={Issuer}", $"--Wallets:Auth:SigningKey={Convert.ToBase64String(_key)}", $"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}"];
        await using var server = ServerProcess.Start(_folder, settings, "Production");
        await server.IsReady();
        var page = await browsers.NewPage(server.Url);

        await page.GotoAsync("/ops");
        await Expect(page.GetByLabel("Somebody else")).ToHaveCountAsync(0);
        await SignIn(page, Token("olga", "operator", RandomNumberGenerator.GetBytes(32)));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not one that this server believes");
        await SignIn(page, Token("ann", "viewer", _key));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("another role");
        await SignIn(page, Token("olga", "operator", _key));

        await Expect(page).ToHaveURLAsync(new Regex("/ops$"));
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Operations" })).ToBeVisibleAsync();
        await Expect(page.GetByText("per second, by one silo")).ToBeVisibleAsync();
    }

    private static async Task SignIn(IPage page, string token)
    {
        await page.GetByLabel("Token").FillAsync(token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>As an organisation's issuer makes them.</summary>
    private static string Token(string subject, string role, byte[] key)
    {
        var now = TimeProvider.System.GetUtcNow();
        var signed = $"{Encode(new { alg = "HS256", typ = "JWT" })}.{Encode(new { iss = Issuer, aud = "wallets", sub = subject, roles = new[] { role }, nbf = now.AddMinutes(-1).ToUnixTimeSeconds(), exp = now.AddHours(1).ToUnixTimeSeconds() })}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
