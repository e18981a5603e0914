using Wallets.Ledger;

namespace Wallets.Grains.Payouts;

/// <summary>What a payout is judged and priced by: the published rate, what is known of the creator, the rules. Pure.</summary>
internal sealed record PayoutTerms(RateCard Rate, PayoutStanding Standing, PayoutOptions Options)
{
    /// <summary>What must be known of the creator first, or null if nothing is missing.</summary>
    public Refusal? WhatIsMissing => Missing(Standing, Options);

    public static Refusal? Missing(PayoutStanding standing, PayoutOptions options) => !options.RequireProfile ? null
        : standing.Identity != Verification.Verified ? new(Refusal.IdentityNotVerified, $"The identity check is '{standing.Identity}'; it must be '{Verification.Verified}' before money is paid.")
        : standing.TaxForm != Verification.Verified ? new(Refusal.TaxFormMissing, $"The tax form is '{standing.TaxForm}'; it must be '{Verification.Verified}' before money is paid.")
        : standing.Account is null ? new(Refusal.PayoutAccountMissing, "There is no account to pay to.")
        : null;

    /// <summary>
    /// What diamonds pay: their price by the rate card, changed as a whole into the creator's currency, then divided between
    /// agency and creator by the largest remainder, so that the parts are the whole.
    /// </summary>
    public (EntryDetail? Detail, Refusal? Refusal) PriceOf(Diamonds diamonds, DateTimeOffset now)
    {
        var price = new Money(checked(diamonds.Value * Rate.DiamondValue.AmountMinor), Rate.DiamondValue.Currency);
        var (payable, exchangeRate) = (price, (string?)null);
        if (Standing.Currency is { } currency && currency != price.Currency)
        {
            if (!Options.ExchangeRates.TryGetValue(currency, out exchangeRate) || !Currencies.TryParseRate(exchangeRate, out var rate))
                return (null, new(Refusal.ExchangeRateMissing, $"There is no exchange rate for {currency} now."));
            payable = Currencies.Convert(price, currency, rate);
        }
        if (payable.AmountMinor <= 0) return (null, new(Refusal.BelowMinimum, $"{diamonds} pay less than the smallest coin of {payable.Currency}."));

        var detail = new EntryDetail(Price: price, Payable: payable, ExchangeRate: exchangeRate);
        if (Standing.ContractAt(now) is { AgencyId: not null } contract)
        {
            var agencyPart = Shares.Split(payable.AmountMinor, contract.BasisPoints, AgencyContracts.WholeBasisPoints - contract.BasisPoints)[0];
            detail = detail with { Agency = contract.AgencyId, AgencyPart = new(agencyPart, payable.Currency), Contract = contract.Version };
        }
        return (detail, null);
    }
}
