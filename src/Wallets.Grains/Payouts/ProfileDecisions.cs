namespace Wallets.Grains.Payouts;

/// <param name="What">What changes, for the record; null if nothing does. Never an account's token.</param>
internal readonly record struct ProfileDecision(PayoutStanding? Standing, string? What, Refusal? Refusal)
{
    public static implicit operator ProfileDecision(Refusal refusal) => new(null, null, refusal);
}

/// <summary>What a payout profile does with a change. Pure.</summary>
internal static class ProfileDecisions
{
    private const int MaxAccountLength = 200;
    private const int MaxContracts = 1_000;

    public static ProfileDecision Change(PayoutStanding before, PayoutProfileChange change, DateTimeOffset now)
    {
        if (!Reasons.IsGiven(change.Reason)) return Reasons.Missing;
        foreach (var status in new[] { change.Identity, change.TaxForm })
            if (status is not null && !Verification.IsKnown(status)) return Invalid("identity and taxForm are none, pending, verified or rejected.");
        if (change.Account is not null && !IsAccount(change.Account)) return Invalid($"account is the provider's token of 1 to {MaxAccountLength} visible characters.");
        if (change.Currency is not null && !Currencies.IsCode(change.Currency)) return Invalid("currency is an ISO 4217 code.");

        var after = before with
        {
            Identity = change.Identity ?? before.Identity,
            TaxForm = change.TaxForm ?? before.TaxForm,
            Account = change.Account ?? before.Account,
            Currency = change.Currency ?? before.Currency,
        };
        if (change.Contract is { } contract)
        {
            if (WhyNot(before.Contracts, contract, now) is { } refusal) return refusal;
            if (!IsLatest(before.Contracts, contract))
                after = after with { Contracts = [.. before.Contracts, new(before.Contracts.Length + 1, contract.AgencyId, contract.Account, contract.BasisPoints, contract.EffectiveFrom)] };
        }
        return new(after, Difference(before, after), null);
    }

    private static Refusal? WhyNot(AgencyContractState[] contracts, NewContract contract, DateTimeOffset now)
    {
        if (contract.BasisPoints is < 0 or > AgencyContracts.WholeBasisPoints) return Invalid("basisPoints are 0 to 10000.");
        if (contract.AgencyId is null ? contract.BasisPoints > 0 || contract.Account is not null : !Identifier.IsValid(contract.AgencyId) || contract.Account is null || !IsAccount(contract.Account))
            return Invalid("A contract names an agency and its account, or neither and no share.");
        if (IsLatest(contracts, contract)) return null;
        if (contracts.Length == MaxContracts) return Invalid($"A creator has at most {MaxContracts} contracts.");
        return contract.EffectiveFrom < now || (contracts.Length > 0 && contract.EffectiveFrom < contracts[^1].EffectiveFrom)
            ? new(Refusal.BackDated, "A contract takes effect from now on at the earliest, and not before an earlier version.")
            : null;
    }

    private static bool IsLatest(AgencyContractState[] contracts, NewContract contract) =>
        contracts.Length > 0 && contracts[^1] == new AgencyContractState(contracts.Length, contract.AgencyId, contract.Account, contract.BasisPoints, contract.EffectiveFrom);

    private static bool IsAccount(string token) => token.Length is > 0 and <= MaxAccountLength && token.All(c => c is > ' ' and < '\x7f');

    private static string? Difference(PayoutStanding before, PayoutStanding after)
    {
        var changes = new List<string>();
        if (after.Identity != before.Identity) changes.Add($"identity {before.Identity} → {after.Identity}");
        if (after.TaxForm != before.TaxForm) changes.Add($"tax form {before.TaxForm} → {after.TaxForm}");
        if (after.Account != before.Account) changes.Add("account");
        if (after.Currency != before.Currency) changes.Add($"currency {before.Currency ?? "of the rate card"} → {after.Currency}");
        if (after.Contracts.Length != before.Contracts.Length) changes.Add($"contract {after.Contracts.Length}");
        return changes.Count == 0 ? null : string.Join(", ", changes);
    }

    private static Refusal Invalid(string detail) => new(Refusal.InvalidProfile, detail);
}

/// <summary>Whoever decides says why.</summary>
internal static class Reasons
{
    private const int MaxLength = 500;

    public static bool IsGiven(string? reason) => !string.IsNullOrWhiteSpace(reason) && reason.Length <= MaxLength && !reason.Any(char.IsControl);

    public static Refusal Missing => new(Refusal.InvalidReason, $"Give a reason of 1 to {MaxLength} characters.");
}
