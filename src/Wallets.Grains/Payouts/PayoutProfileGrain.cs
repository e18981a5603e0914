using Orleans.Concurrency;

namespace Wallets.Grains.Payouts;

/// <summary>How far a check of a creator's papers has come.</summary>
internal static class Verification
{
    public const string None = "none";
    public const string Pending = "pending";
    public const string Verified = "verified";
    public const string Rejected = "rejected";

    public static bool IsKnown(string status) => status is None or Pending or Verified or Rejected;
}

/// <summary>A version of the contract with an agency, with the account that nobody is shown.</summary>
[GenerateSerializer, Immutable, Alias("agency-contract-state")]
internal sealed record AgencyContractState(int Version, string? AgencyId, string? Account, int BasisPoints, DateTimeOffset EffectiveFrom);

internal static class AgencyContracts
{
    public const int WholeBasisPoints = 10_000;

    public static AgencyContractState? InForce(IEnumerable<AgencyContractState> contracts, DateTimeOffset now) =>
        contracts.LastOrDefault(contract => contract.EffectiveFrom <= now);
}

/// <summary>What payouts need to know of a creator.</summary>
[GenerateSerializer, Immutable, Alias("payout-standing")]
internal sealed record PayoutStanding(string Identity, string TaxForm, string? Account, string? Currency, AgencyContractState[] Contracts)
{
    public static readonly PayoutStanding Unknown = new(Verification.None, Verification.None, null, null, []);

    public AgencyContractState? ContractAt(DateTimeOffset time) => AgencyContracts.InForce(Contracts, time);
}

/// <summary>The profile as payouts read it; the key is the creator id.</summary>
[Alias("payout-standing-source")]
internal interface IPayoutStanding : IGrainWithStringKey
{
    [AlwaysInterleave, Alias("standing")] Task<PayoutStanding> GetStanding();
}

[GenerateSerializer, Alias("payout-profile-state")]
internal sealed class PayoutProfileState
{
    [Id(0)] public PayoutStanding Standing { get; set; } = PayoutStanding.Unknown;
    [Id(1)] public List<ProfileChange> Changes { get; set; } = [];

    /// <summary>When what is known of the checks came to be so; a report of earlier is late and changes nothing.</summary>
    [Id(2)] public DateTimeOffset IdentityAt { get; set; }
    [Id(3)] public DateTimeOffset TaxFormAt { get; set; }
}

/// <summary>A creator's payout profile: checks, account, currency, agency. Changes are decided by <see cref="ProfileDecisions"/> and stored before they are answered.</summary>
internal sealed class PayoutProfileGrain([PersistentState("payout-profile")] IPersistentState<PayoutProfileState> profile, TimeProvider time) : Grain, IPayoutProfileGrain, IPayoutStanding
{
    private const int ChangesKept = 200;

    public Task<PayoutStanding> GetStanding() => Task.FromResult(profile.State.Standing);

    public Task<Outcome<PayoutProfile>> Get(Caller caller) => Task.FromResult(
        caller.Is(Roles.Operator) || caller.Owns(this.GetPrimaryKeyString(), Roles.Creator) ? View(caller) : (Outcome<PayoutProfile>)NotTheirs);

    public async Task<Outcome<PayoutProfile>> Set(Caller caller, PayoutProfileChange change)
    {
        if (!caller.Is(Roles.Operator)) return NotTheirs;
        var now = time.GetUtcNow();
        var decision = ProfileDecisions.Change(profile.State.Standing, change, now);
        if (decision.Refusal is { } refusal) return refusal;

        var (identity, taxForm) = (profile.State.Standing.Identity, profile.State.Standing.TaxForm);
        if (decision.What is not null)
            await Store(decision, caller, change.Reason, decision.Standing!.Identity != identity ? now : null, decision.Standing.TaxForm != taxForm ? now : null);
        return View(caller);
    }

    public async Task<Outcome<PayoutProfile>> Report(Caller caller, VerificationReport report)
    {
        if (!caller.Is(Roles.Operator)) return NotTheirs;
        var identity = report.OccurredAt > profile.State.IdentityAt ? report.Identity : null;
        var taxForm = report.OccurredAt > profile.State.TaxFormAt ? report.TaxForm : null;
        var decision = ProfileDecisions.Change(profile.State.Standing, new(identity, taxForm, null, null, null, $"Event {report.EventId}"), time.GetUtcNow());
        if (decision.Refusal is { } refusal) return refusal;

        await Store(decision, caller, $"Event {report.EventId}", identity is null ? null : report.OccurredAt, taxForm is null ? null : report.OccurredAt);
        return View(caller);
    }

    private async Task Store(ProfileDecision decision, Caller caller, string reason, DateTimeOffset? identityAt, DateTimeOffset? taxFormAt)
    {
        if (decision.What is null && identityAt is null && taxFormAt is null) return;
        var state = profile.State;
        profile.State = new()
        {
            Standing = decision.Standing!,
            Changes = decision.What is null ? state.Changes : [.. state.Changes.TakeLast(ChangesKept - 1), new(time.GetUtcNow(), caller.Subject, decision.What, reason)],
            IdentityAt = identityAt ?? state.IdentityAt,
            TaxFormAt = taxFormAt ?? state.TaxFormAt,
        };
        try
        {
            await profile.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private PayoutProfile View(Caller caller)
    {
        var standing = profile.State.Standing;
        return new(
            this.GetPrimaryKeyString(), standing.Identity, standing.TaxForm, standing.Account is not null, standing.Currency,
            [.. standing.Contracts.Select(contract => new AgencyContract(contract.Version, contract.AgencyId, contract.BasisPoints, contract.EffectiveFrom))],
            caller.Is(Roles.Operator) ? [.. profile.State.Changes] : null);
    }

    private static Refusal NotTheirs => new(Refusal.Forbidden, "This profile belongs to somebody else.");
}
