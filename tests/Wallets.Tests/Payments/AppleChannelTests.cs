using System.Security.Cryptography;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payments;

/// <summary>What the App Store's signed transactions and notifications must be to be believed.</summary>
public sealed class AppleChannelTests(Databases databases)
{
    private static readonly CoinPack Pack = Defaults.Packs.Single(pack => pack.Id == "coins-330");
    private readonly AppStore _store = new(databases.NewFolder());

    [Fact]
    public async Task A_signed_transaction_is_a_payment_of_its_user()
    {
        Assert.Equal(new Payment("apple", "Production:2000000001"), (await Judge(_store.Transaction("ann", "coins-330"))).Value);
    }

    [Theory]
    [InlineData("bundleId", "com.example.other", Refusal.WrongApp)]
    [InlineData("appAppleId", 43, Refusal.WrongAppId)]
    [InlineData("environment", "Sandbox", Refusal.WrongEnvironment)]
    [InlineData("type", "Non-Consumable", Refusal.WrongProductType)]
    [InlineData("productId", "coins.coins-65", Refusal.WrongProduct)]
    [InlineData("productId", null, Refusal.WrongProduct)]
    [InlineData("quantity", 0, Refusal.WrongQuantity)]
    [InlineData("quantity", 10_001, Refusal.WrongQuantity)]
    [InlineData("appAccountToken", "6f74cb01-1056-4c9a-9bb2-52b759f6aa1b", Refusal.WrongAccount)]
    [InlineData("appAccountToken", null, Refusal.WrongAccount)]
    [InlineData("inAppOwnershipType", "FAMILY_SHARED", Refusal.WrongAccount)]
    [InlineData("revocationDate", 1_700_000_000_000L, Refusal.PaymentRevoked)]
    [InlineData("signedDate", null, Refusal.CertificateExpired)]
    [InlineData("signedDate", 1_000L, Refusal.CertificateExpired)]
    [InlineData("signedDate", long.MaxValue, Refusal.CertificateExpired)]
    [InlineData("transactionId", null, Refusal.InvalidProof)]
    [InlineData("transactionId", "1:2 3", Refusal.InvalidProof)]
    public async Task Each_rule_of_a_transaction_has_a_code_of_its_own(string field, object? value, string code)
    {
        var proof = _store.Transaction("ann", "coins-330", change: transaction => transaction[field] = value);

        Assert.Equal(code, (await Judge(proof)).Refusal?.Code);
    }

    [Fact]
    public async Task Only_the_pinned_chain_with_its_markers_signs()
    {
        var folder = databases.NewFolder();
        var proofOfAnotherStore = new AppStore(folder).Transaction("ann", "coins-330");
        var withoutLeafMarker = new AppStore(folder, leafMarker: "1.2.3.4");
        var withoutIntermediateMarker = new AppStore(folder, intermediateMarker: "1.2.3.4");
        var expired = new AppStore(folder, leafEnds: TimeProvider.System.GetUtcNow().AddDays(-1));
        var borrowed = new AppStore(folder) { Chain = _store.Chain };   // signs with a key of its own under the true certificates
        var shortened = new AppStore(folder);
        shortened.Chain = shortened.Chain[..2];
        var crossed = new AppStore(folder);
        crossed.Chain = [crossed.Chain[0], crossed.Chain[1], _store.Chain[2]];
        var garbled = new AppStore(folder) { Chain = ["AAAA", "not base64", ""] };
        var symmetric = new AppStore(folder) { Algorithm = "HS256" };

        string?[] codes =
        [
            (await Judge(proofOfAnotherStore)).Refusal?.Code,
            (await Judge(withoutLeafMarker)).Refusal?.Code,
            (await Judge(withoutIntermediateMarker)).Refusal?.Code,
            (await Judge(expired)).Refusal?.Code,
            (await Judge(borrowed.Transaction("ann", "coins-330"))).Refusal?.Code,
            (await Judge(shortened)).Refusal?.Code,
            (await Judge(crossed.Transaction("ann", "coins-330"))).Refusal?.Code,
            (await Judge(garbled)).Refusal?.Code,
            (await Judge(symmetric)).Refusal?.Code,
        ];

        Assert.Equal(
        [
            Refusal.UntrustedCertificate, Refusal.UntrustedCertificate, Refusal.UntrustedCertificate, Refusal.CertificateExpired, Refusal.InvalidSignature,
            Refusal.UntrustedCertificate, Refusal.UntrustedCertificate, Refusal.UntrustedCertificate, Refusal.InvalidSignature,
        ], codes);
    }

    [Fact]
    public async Task A_transaction_signed_while_the_certificate_was_valid_stays_good()
    {
        var store = new AppStore(databases.NewFolder(), leafEnds: TimeProvider.System.GetUtcNow().AddDays(-1)) { SignedAt = TimeProvider.System.GetUtcNow().AddDays(-2) };

        Assert.True((await Judge(store)).IsOk);
    }

    [Theory, InlineData(""), InlineData("dev:x"), InlineData("a.b"), InlineData("a.b.c"), InlineData("e30.e30.AAAA"), InlineData("bnVsbA.bnVsbA.AAAA"), InlineData("%.%.%")]
    public async Task What_is_no_signed_transaction_is_no_proof(string proof) => Assert.Equal(Refusal.InvalidProof, (await Judge(proof)).Refusal?.Code);

    [Fact]
    public async Task A_changed_payload_or_signature_is_refused()
    {
        var parts = _store.Transaction("ann", "coins-330").Split('.');
        var others = _store.Transaction("ann", "coins-330", "2000000002").Split('.');

        Assert.Equal(Refusal.InvalidSignature, (await Judge($"{parts[0]}.{others[1]}.{parts[2]}")).Refusal?.Code);
        Assert.Equal(Refusal.InvalidSignature, (await Judge($"{parts[0]}.{parts[1]}.{new string('A', 86)}")).Refusal?.Code);
        Assert.Equal(Refusal.InvalidSignature, (await Judge($"{parts[0]}.{parts[1]}.")).Refusal?.Code);
    }

    [Fact]
    public async Task A_sandbox_server_takes_the_sandbox_only()
    {
        var options = _store.Options;
        options.Environment = AppleOptions.Sandbox;
        var channel = new AppleChannel(options, TimeProvider.System);
        var proof = _store.Transaction("ann", "coins-330", change: transaction => transaction["environment"] = "Sandbox");

        Assert.Equal("Sandbox:2000000001", (await Judge(channel, proof)).Value?.Id);
        Assert.Equal(Refusal.WrongEnvironment, (await Judge(channel, _store.Transaction("ann", "coins-330"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_user_may_be_named_by_the_id_itself()
    {
        var options = _store.Options;
        options.AccountNaming = AccountNaming.UserId;
        var user = Guid.NewGuid().ToString();
        var proof = _store.Transaction(user, "coins-330", change: transaction => transaction["appAccountToken"] = user);

        Assert.True((await Judge(new AppleChannel(options, TimeProvider.System), proof, user)).IsOk);
    }

    [Theory]
    [InlineData("bundleId", "com.example.other", Refusal.WrongApp)]
    [InlineData("environment", "Sandbox", Refusal.WrongEnvironment)]
    [InlineData("appAppleId", 43, Refusal.WrongAppId)]
    public async Task A_notification_about_something_else_is_refused(string field, object value, string code)
    {
        var body = _store.Notification("TEST", null, changeData: data => data[field] = value);

        Assert.Equal(code, (await Accept(body)).Refusal?.Code);
    }

    [Fact]
    public async Task A_notification_is_known_by_its_uuid()
    {
        Assert.Equal("7e3f0000-1111-2222-3333-444455556666", (await Accept(_store.Notification("TEST", null, "7e3f0000-1111-2222-3333-444455556666"))).Value?.NotificationId);
        Assert.Equal(Refusal.UntrustedCertificate, (await Accept(new AppStore(databases.NewFolder()).Notification("TEST", null))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidNotification, (await Accept("{}")).Refusal?.Code);
        Assert.Equal(Refusal.InvalidNotification, (await Accept("not JSON")).Refusal?.Code);
    }

    [Fact]
    public void A_prorated_refund_gives_its_share()
    {
        var transaction = _store.Transaction("ann", "coins-330", change: fields => (fields["revocationDate"], fields["revocationType"], fields["revocationPercentage"]) = (1_700_000_000_000L, "REFUND_PRORATED", 33_333));

        var news = Assert.IsType<PaymentNews.Refunded>(Channel.Read(_store.Notification("REFUND", transaction)));

        Assert.Equal(("1700000000000", 3_333), (news.Refund.Id, news.Refund.BasisPoints));
    }

    [Fact]
    public void The_account_token_is_a_uuid_of_version_5_that_never_changes() =>
        Assert.Equal(Uuid5("ann"), AccountToken.Of("ann", AccountNaming.Uuid5));

    private static string Uuid5(string name)
    {
        var hash = Convert.ToHexStringLower(SHA1.HashData([.. Convert.FromHexString("6f1d3c528a0b5a3e9a572f0c6b1e7d44"), .. System.Text.Encoding.UTF8.GetBytes(name)]));
        var variant = "89ab"[Convert.ToInt32(hash[16..17], 16) & 3];
        return $"{hash[..8]}-{hash[8..12]}-5{hash[13..16]}-{variant}{hash[17..20]}-{hash[20..32]}";
    }

    private AppleChannel Channel => new(_store.Options, TimeProvider.System);

    private Task<Outcome<Payment>> Judge(string proof) => Judge(Channel, proof);

    /// <summary>By a channel that trusts that store.</summary>
    private static Task<Outcome<Payment>> Judge(AppStore store) => Judge(new AppleChannel(store.Options, TimeProvider.System), store.Transaction("ann", "coins-330"));

    private static async Task<Outcome<Payment>> Judge(AppleChannel channel, string proof, string user = "ann") =>
        channel.Identify(proof) is { IsOk: true } identified ? await channel.Verify(identified.Value, proof, user, Pack) : channel.Identify(proof);

    private Task<Outcome<AcceptedDelivery>> Accept(string body) => Channel.Accept(new Delivery("apple", body, [], null));
}
