using CsCheck;
using Wallets.Grains.Payouts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>Who may be paid, where to, in which currency, and what the agency gets.</summary>
public sealed class PayoutProfileTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    private static readonly Caller Olga = PayoutSteps.Operator();
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Nobody_is_paid_before_identity_tax_form_and_account_are_known()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite), options => options.RequireProfile = true);
        var creator = await cluster.CreatorWith(100);
        var (account, key) = ($"acct-{Guid.NewGuid():N}", Some.Key());
        var profile = cluster.Grains.GetGrain<IPayoutProfileGrain>(creator);
        var codes = new List<string?>();
        async Task Try() => codes.Add((await cluster.CashOut(creator, 100, key)).Refusal?.Code);

        await Try();
        await profile.Report(Olga, new("event-1", "verified", null, Now));
        await Try();
        await profile.Set(Olga, new(null, "verified", null, null, null, "Form of 1 March"));
        await Try();
        await profile.Set(Olga, new(null, null, account, null, null, "Told by phone"));
        await Try();

        Assert.Equal([Refusal.IdentityNotVerified, Refusal.TaxFormMissing, Refusal.PayoutAccountMissing, null], codes);
        await cluster.PayoutIs(creator, key, Payout.Paid);
        Assert.Equal([100L], (await sandbox.TransfersTo(account)).Select(transfer => transfer.AmountMinor));
        await cluster.IsClean();
    }

    [Fact]
    public async Task An_agency_gets_its_part_and_the_creator_the_rest_in_the_creators_currency()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Postgres), options => options.ExchangeRates["EUR"] = "0.925");
        var creator = await cluster.CreatorWith(333);
        var (hers, theirs, key) = ($"acct-{Guid.NewGuid():N}", $"acct-{Guid.NewGuid():N}", Some.Key());
        var profile = cluster.Grains.GetGrain<IPayoutProfileGrain>(creator);
        var from = TimeProvider.System.GetUtcNow().AddMilliseconds(200);
        await profile.Set(Olga, new(null, null, hers, "EUR", new("stars", theirs, 1_250, from), "Contract of today"));
        await Eventually.Is(() => Task.FromResult(TimeProvider.System.GetUtcNow()), now => now > from);

        var requested = (await cluster.CashOut(creator, 333, key)).Value!;
        var paid = await cluster.PayoutIs(creator, key, Payout.Paid);

        Assert.Equal((new Money(333, "USD"), new Money(308, "EUR"), "0.925"), (requested.Amount, requested.Payable, requested.ExchangeRate));   // 308.025
        Assert.Equal(new AgencyPart("stars", 1, new(39, "EUR")), paid.Agency);   // 38.5 is the larger remainder of equals: the first
        Assert.Equal([(hers, 269L), (theirs, 39L)], (await sandbox.TransfersTo(hers, theirs)).Select(transfer => (transfer.Account, transfer.AmountMinor)));
        Assert.Equal(308, paid.Fee!.Value.AmountMinor + paid.PaidOut!.Value.AmountMinor);
        await cluster.IsClean();
    }

    [Fact]
    public async Task Without_an_exchange_rate_for_the_currency_nothing_is_paid()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite));
        var creator = await cluster.CreatorWith(100);
        await cluster.Grains.GetGrain<IPayoutProfileGrain>(creator).Set(Olga, new(null, null, null, "GBP", null, "Moved"));

        Assert.Equal(Refusal.ExchangeRateMissing, (await cluster.CashOut(creator, 100)).Refusal?.Code);
    }

    [Fact]
    public async Task A_profile_is_shown_to_its_creator_without_the_account_and_changes_say_who_made_them()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite));
        var profile = cluster.Grains.GetGrain<IPayoutProfileGrain>("cleo");
        await profile.Report(new("identity-provider", Roles.Operator), new("event-2", "verified", null, Now));
        await profile.Report(new("identity-provider", Roles.Operator), new("event-1", "pending", "pending", Now.AddHours(-1)));   // late
        await profile.Set(Olga, new(null, "verified", "acct-secret", "EUR", null, "Form of 1 March"));
        await profile.Set(Olga, new(null, "verified", "acct-secret", "EUR", null, "The same again"));

        var seen = (await profile.Get(cluster.Creator("cleo"))).Value!;
        var byOperator = (await profile.Get(Olga)).Value!;

        Assert.Equal(("verified", "verified", true, "EUR", null), (seen.Identity, seen.TaxForm, seen.HasAccount, seen.Currency, seen.Changes));
        Assert.Equal(["identity-provider", "identity-provider", "olga"], byOperator.Changes!.Select(change => change.Actor));
        Assert.DoesNotContain(byOperator.Changes!, change => change.What.Contains("acct-secret", StringComparison.Ordinal));
        Assert.Equal(Refusal.Forbidden, (await profile.Get(cluster.Creator("mallory"))).Refusal?.Code);
        Assert.Equal(Refusal.Forbidden, (await profile.Set(cluster.Creator("cleo"), new("verified", null, null, null, null, "Me"))).Refusal?.Code);
    }

    [Fact]
    public void Contracts_are_versions_that_are_never_back_dated()
    {
        var standing = PayoutStanding.Unknown;
        standing = Agreed(standing, new("stars", "acct-1", 2_000, Now.AddDays(1))).Standing!;
        standing = Agreed(standing, new(null, null, 0, Now.AddDays(30))).Standing!;

        Assert.Equal([null, "stars", null], new[] { Now, Now.AddDays(29), Now.AddDays(30) }.Select(time => standing.ContractAt(time)?.AgencyId));
        Assert.Equal(2, Agreed(standing, new(null, null, 0, Now.AddDays(30)), Now.AddDays(60)).Standing!.Contracts.Length);   // the same again, later
        Assert.Equal(Refusal.BackDated, Agreed(standing, new("stars", "acct-1", 1_000, Now.AddDays(29)), Now.AddDays(29.5)).Refusal?.Code);
        Assert.Equal(Refusal.BackDated, Agreed(standing, new("stars", "acct-1", 1_000, Now.AddDays(2))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProfile, Agreed(standing, new("stars", null, 1_000, Now.AddDays(40))).Refusal?.Code);
        Assert.Equal(Refusal.InvalidProfile, Agreed(standing, new("stars", "acct-1", 10_001, Now.AddDays(40))).Refusal?.Code);
    }

    [Theory]
    [InlineData(250, "USD", "EUR", "0.01", 2)]        // 2.5: half down
    [InlineData(251, "USD", "EUR", "0.01", 3)]        // 2.51
    [InlineData(1_000, "USD", "JPY", "155.5", 1_555)] // no minor unit
    [InlineData(1_000, "USD", "KWD", "0.307", 3_070)] // thousandths
    [InlineData(1, "USD", "JPY", "49", 0)]
    public void Money_is_changed_to_the_minor_unit_half_down(long minor, string from, string to, string rate, long expected)
    {
        Assert.True(Currencies.TryParseRate(rate, out var parsed));

        Assert.Equal(new Money(expected, to), Currencies.Convert(new(minor, from), to, parsed));
    }

    [Theory, InlineData("0"), InlineData("-1"), InlineData("1,5"), InlineData("1e3"), InlineData(""), InlineData("9999999999")]
    public void What_is_no_rate_is_refused(string text) => Assert.False(Currencies.TryParseRate(text, out _));

    [Fact]
    public void Agency_and_creator_together_get_what_is_payable() => Gen.Select(Gen.Long[1, 1_000_000], Gen.Int[0, 10_000], Gen.Long[1, 99_999]).Sample((diamonds, basisPoints, rate) =>
    {
        var standing = PayoutStanding.Unknown with { Currency = "EUR", Contracts = [new(1, "stars", "acct", basisPoints, Now)] };
        var options = new Wallets.Grains.PayoutOptions { ExchangeRates = { ["EUR"] = $"{rate / 10_000}.{rate % 10_000:D4}" } };
        var (detail, refusal) = new PayoutTerms(Some.Rate, standing, options).PriceOf(new(diamonds), Now);
        if (refusal is not null) return refusal.Code == Refusal.BelowMinimum && diamonds * rate <= 5_000;

        var (payable, agency) = (detail!.Payable!.Value.AmountMinor, detail.AgencyPart!.Value.AmountMinor);
        return Math.Abs(payable - diamonds * rate / 10_000m) <= 0.5m && agency >= 0 && agency <= payable && Math.Abs(agency - payable * basisPoints / 10_000m) < 1;
    });

    private static ProfileDecision Agreed(PayoutStanding standing, NewContract contract, DateTimeOffset? at = null) =>
        ProfileDecisions.Change(standing, new(null, null, null, null, contract, "Agreed"), at ?? Now);
}
