using CsCheck;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>Whatever comes as a proof or a notification is judged, never thrown at: by a property over damaged and invented input.</summary>
public sealed class HostileInputTests(Databases databases)
{
    private static readonly CoinPack Pack = Defaults.Packs.Single(pack => pack.Id == "coins-330");

    [Fact]
    public async Task Damaged_proofs_and_notifications_are_judged_and_never_good()
    {
        var store = new AppStore(databases.NewFolder());
        var apple = new AppleChannel(store.Options, TimeProvider.System);
        var web = new WebChannel(Checkout.Options, TimeProvider.System);
        var (transaction, notification) = (store.Transaction("ann", "coins-330"), store.Notification("REFUND", store.Transaction("ann", "coins-330")));
        var (paid, proof) = (Checkout.Paid("pay-1", "ann", "coins-330", 499), Checkout.Proof(Checkout.Paid("pay-1", "ann", "coins-330", 499)));

        await Damage(transaction).SampleAsync(async damaged => Assert.False(await Judge(apple, damaged)), iter: 2_000);
        await Damage(proof).SampleAsync(async damaged => Assert.False(await Judge(web, damaged) && !string.Equals(damaged, proof, StringComparison.OrdinalIgnoreCase)));   // hexadecimal has two cases
        Damage(notification).Sample(damaged => apple.Read(damaged) is not null && apple.Accept(new("apple", damaged, [], null)).IsCompleted);
        Damage(paid).Sample(damaged => web.Read(damaged) is not null && web.Accept(Checkout.Deliver(damaged)).IsCompleted);
        await Gen.String.SampleAsync(async text => !await Judge(apple, text) && !await Judge(web, text) && web.Read(text) is not null && apple.Read(text) is not null);
    }

    [Theory]
    [InlineData("""{"alg":"ES256","x5c":[null,null,null]}""")]
    [InlineData("""{"alg":"ES256","x5c":["","",""]}""")]
    [InlineData("""{"alg":"ES256","x5c":null}""")]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"ES256","x5c":"MIIB"}""")]
    [InlineData("[]")]
    public async Task Odd_headers_of_signatures_are_refused(string header)
    {
        var store = new AppStore(databases.NewFolder());
        var parts = store.Transaction("ann", "coins-330").Split('.');
        var odd = $"{System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(header))}.{parts[1]}.{parts[2]}";

        Assert.False(await Judge(new AppleChannel(store.Options, TimeProvider.System), odd));
    }

    [Fact]
    public async Task A_type_that_no_database_would_store_is_shown_to_operators_all_the_same()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.Channels.Web = Checkout.Options);
        var body = """{"id":"evt-1","type":"a\u0000b","data":{}}""";

        Assert.True((await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(Checkout.Deliver(body))).IsOk);

        await Eventually.Is(() => NotificationTests.Items(cluster), items => items is [{ Status: NotificationView.Open, Code: Refusal.UnknownNotificationType }]);
    }

    /// <summary>The text with one character changed, but for the last, some of whose bits count for nothing; or cut short.</summary>
    private static Gen<string> Damage(string text) => Gen.OneOf(
        Gen.Select(Gen.Int[0, text.Length - 2], Gen.Char['\u0001', '~']).Where((at, c) => text[at] != c).Select((at, c) => $"{text[..at]}{c}{text[(at + 1)..]}"),
        Gen.Int[0, text.Length - 1].Select(length => text[..length]));

    private static async Task<bool> Judge(IPaymentChannel channel, string proof) =>
        channel.Identify(proof) is { IsOk: true } identified && (await channel.Verify(identified.Value, proof, "ann", Pack)).IsOk;
}
