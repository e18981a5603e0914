using Wallets.Grains.Payments;
using Wallets.Server.Hosting;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Payments;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>Bad configuration stops the start with one line that says what to set.</summary>
public sealed class ConfigurationTests(Databases databases)
{
    [Theory]
    [InlineData("Production", "--Wallets:Hold=0", "Set Wallets:Auth:Issuer")]
    [InlineData("Production", "--Wallets:Auth:Issuer=wallets-development", "Set Wallets:Auth:Issuer")]
    [InlineData("Production", "--Wallets:Auth:Issuer=http://insecure", "https")]
    [InlineData("Development", "--Wallets:Role=king", "Role")]
    [InlineData("Development", "--Wallets:Rolle=silo", "Rolle")]
    [InlineData("Development", "--Wallets:Role=silo", "Wallets:Database=postgres")]
    [InlineData("Development", "--Wallets:Database=postgres", "Set ConnectionStrings:Wallets")]
    [InlineData("Development", "--Wallets:Hold=-1", "Set Wallets:Hold")]
    [InlineData("Development", "--Wallets:Hold=soon", "Hold")]
    [InlineData("Development", "--Wallets:SiloPort=70000", "Set Wallets:SiloPort")]
    [InlineData("Development", "--Wallets:Auth:SigningKey=short", "Set Wallets:Auth:SigningKey")]
    [InlineData("Development", "--Wallets:PayoutProvider:Url=http://provider.example", "Set Wallets:PayoutProvider:Url")]
    [InlineData("Development", "--Wallets:PayoutProvider:WebhookSecret=short", "Set Wallets:PayoutProvider:WebhookSecret")]
    [InlineData("Development", "--Wallets:Payouts:ExchangeRates:EUR=1,1", "Set Wallets:Payouts:ExchangeRates:EUR")]
    [InlineData("Development", "--Wallets:Payouts:SecondApprovalAboveMinor=1", "Set Wallets:Payouts:ApprovalAboveMinor")]
    [InlineData("Development", "--Wallets:Channels:Web:Secrets:0=short", "Set Wallets:Channels:Web:Secrets")]
    [InlineData("Development", "--Wallets:Channels:Apple:BundleId=com.example.live", "Set Wallets:Channels:Apple:AppId")]
    [InlineData("Development", "--Wallets:Channels:Google:PackageName=com.example.live", "Set Wallets:Channels:Google:ServiceAccountFile")]
    [InlineData("Development", "--Wallets:DataDirectory=/proc/nowhere", "Wallets:DataDirectory")]
    public async Task A_bad_setting_is_named(string environment, string setting, string named)
    {
        await using var server = ServerProcess.Start(databases.NewFolder(), [setting], environment);

        await server.WaitForExit();

        Assert.Equal(2, server.ExitCode);
        var line = Assert.Single(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("Cannot start: ", line, StringComparison.Ordinal);
        Assert.Contains(named, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_Production_what_costs_nothing_opens_no_channel()
    {
        var sandbox = new AppStore(databases.NewFolder()).Options;
        sandbox.Environment = AppleOptions.Sandbox;
        await using var play = await PlayStore.Start(databases);
        var testers = play.Options;
        testers.AllowTestPurchases = true;

        foreach (var channels in new[] { new ChannelOptions { Apple = sandbox }, new ChannelOptions { Google = testers } })
        {
            Assert.Throws<BadConfigurationException>(() => ChannelSettings.Check(channels, isProduction: true));
            ChannelSettings.Check(channels, isProduction: false);
        }
        ChannelSettings.Check(new() { Apple = new AppStore(databases.NewFolder()).Options, Google = play.Options, Web = Checkout.Options }, isProduction: true);
    }

    [Fact]
    public async Task Apple_is_told_what_users_spent_only_with_their_consent()
    {
        await using var server = await AppStoreServer.Start(databases);
        var options = new AppStore(databases.NewFolder()).Options;
        options.Server = server.Options;
        ChannelSettings.Check(new() { Apple = options }, isProduction: true);

        options.Server.CustomersConsent = false;

        var fault = Assert.Throws<BadConfigurationException>(() => ChannelSettings.Check(new() { Apple = options }, isProduction: true));
        Assert.Contains("CustomersConsent", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_servers_do_not_share_a_data_directory()
    {
        var folder = databases.NewFolder();
        await using var first = await ServerProcess.StartAllInOne(folder);

        await using var second = ServerProcess.Start(folder, []);
        await second.WaitForExit();

        Assert.Equal(2, second.ExitCode);
        Assert.Contains("another server", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_Production_there_are_no_dev_tokens_and_no_dev_payments()
    {
        string[] settings = ["--Wallets:Auth:Issuer=https://issuer.example", $"--Wallets:Auth:SigningKey={Convert.ToBase64String(new byte[32])}", $"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}"];
        await using var server = ServerProcess.Start(databases.NewFolder(), settings, "Production");
        await server.IsReady();
        using var anyone = ApiClient.Anonymous(server.Url);

        Assert.Equal(200, (await anyone.Get("/v1/gifts")).Status);
        Assert.Contains((await anyone.Post("/dev/token", new { sub = "ann", roles = new[] { "viewer" } })).Status, new[] { 401, 404 });
        Assert.Equal(401, (await anyone.Get("/dashboard/")).Status);
        Assert.DoesNotContain("Try it", server.Output, StringComparison.Ordinal);
    }
}
