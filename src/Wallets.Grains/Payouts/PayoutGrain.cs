using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Wallets.Ledger;

namespace Wallets.Grains.Payouts;

/// <summary>A payout as the queue and the creator's account call it.</summary>
[Alias("payout-work")]
internal interface IPayoutWork : IGrainWithGuidCompoundKey
{
    /// <summary>Does the next step if it is due, and gives the payout as it stands then; null if there is no such payout.</summary>
    [ResponseTimeout("00:01:00"), Alias("advance")] Task<PayoutCase?> Advance();

    /// <summary>The status of a payout of <paramref name="amount"/> that has not ended.</summary>
    [AlwaysInterleave, Alias("status")] Task<string> GetStatus(Money amount);
}

/// <summary>
/// Carries one payout from the reservation to its end. Each step begins at the ledger, which says whether the payout exists and has ended:
/// 1. A large payout waits for operators.
/// 2. The provider is asked whether it knows the payout. Only if it does not, and the creator may still be paid, that it is about to be told
///    is stored, and then it is told.
/// 3. It is asked until it says paid, or failed twice; what it says otherwise, or not at all, changes nothing but the time of asking.
/// 4. The end is stored, then written to the creator's account, where it can be written once.
/// Killed between any two lines it begins again at the ledger; if all of its own state is lost, step 2 keeps it from paying twice.
/// </summary>
internal sealed partial class PayoutGrain(
    [PersistentState("payout")] IPersistentState<PayoutState> payout,
    PayoutMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<PayoutGrain> logger,
    IPayoutProvider? provider = null) : Grain, IPayoutGrain, IPayoutWork
{
    private const int MostDoublings = 20;

    private readonly PayoutOptions _options = options.Value.Payouts;

    private PayoutState State => payout.State;
    private Guid Key => this.GetPrimaryKey(out _);

    private string CreatorId
    {
        get
        {
            this.GetPrimaryKey(out var creatorId);
            return creatorId!;
        }
    }

    private string IdempotencyKey => DerivedKey.Of("payout-order", CreatorId, Key.ToString("D")).ToString("D");
    private IPayoutAccount Account => GrainFactory.GetGrain<IPayoutAccount>(CreatorId);

    public Task<string> GetStatus(Money amount) => Task.FromResult(State.StatusOf(amount, _options));

    public async Task<PayoutCase?> Advance()
    {
        if (await Account.FindPayout(Key) is not { } facts) return null;
        if (facts.End is null)
        {
            if (State.AlertedAt is null && IsOverdue(facts)) await Alert(facts);
            if (State.End is { } end) facts = await End(end);
            else if (provider is not null && State.IsApproved(facts.Amount, _options) && time.GetUtcNow() >= State.NextAt) facts = await Ask(provider, facts);   // 1
        }
        return CaseOf(facts);
    }

    private async Task<PayoutFacts> Ask(IPayoutProvider provider, PayoutFacts facts)
    {
        // 2
        var (answer, silence) = await Try(() => provider.Find(IdempotencyKey, default));
        Refusal? held = null;
        if (answer is PayoutAnswer.NotFound && MaySubmit())
        {
            var standing = await GrainFactory.GetGrain<IPayoutStanding>(CreatorId).GetStanding();
            held = PayoutTerms.Missing(standing, _options);
            if (held is null)
            {
                var recipients = State.Recipients is { Length: > 0 } known ? known : Recipients(facts, standing);
                await Store(State with { Recipients = recipients, SubmittedAt = time.GetUtcNow(), Asked = 0, NextAt = default, Problem = null });
                (answer, silence) = await Try(() => provider.Submit(new(IdempotencyKey, facts.Payable.Currency, recipients), default));
            }
        }

        // 3
        var verdict = held is not null ? new(Problem: held.Detail)
            : answer is null ? new PayoutVerdict(Problem: silence, SaidFailed: State.SaidFailed)
            : PayoutVerdict.Of(answer, facts.Payable, State.SaidFailed);
        if (verdict.Problem is not null) LogProblem(Key, CreatorId, verdict.Problem);
        if (answer is PayoutAnswer.Paid && State.SaidFailed is not null) LogContradiction(Key, CreatorId, "it will not pay", "it has paid");
        await Store(State with
        {
            SubmittedAt = State.SubmittedAt ?? (answer is null or PayoutAnswer.NotFound ? null : time.GetUtcNow()),
            Asked = State.Asked + 1,
            NextAt = time.GetUtcNow() + (verdict.SaidFailed is not null && State.SaidFailed is null ? _options.AskAgainAfter : NextPause()),
            Problem = verdict.Problem,
            SaidFailed = verdict.SaidFailed,
            End = verdict.End,
        });
        return verdict.End is null ? facts : await End(verdict.End);   // 4
    }

    /// <summary>Never told, or told so long ago that the telling is not on its way any more.</summary>
    private bool MaySubmit() => State.SaidFailed is null && (State.SubmittedAt is not { } submittedAt || time.GetUtcNow() - submittedAt >= _options.ResubmitAfter);

    /// <summary>The answer, or what was there instead of one.</summary>
    private static async Task<(PayoutAnswer? Answer, string? Silence)> Try(Func<Task<PayoutAnswer>> ask)
    {
        try
        {
            return (await ask(), null);
        }
        catch (Exception fault)
        {
            return (null, PayoutVerdict.Shortened($"The provider gave no answer: {fault.Message}"));   // whatever it was, nothing is known
        }
    }

    private Recipient[] Recipients(PayoutFacts facts, PayoutStanding standing)
    {
        var agencyPart = facts.Agency?.Amount.AmountMinor ?? 0;
        Recipient[] recipients = [new(standing.Account ?? CreatorId, facts.Payable.AmountMinor - agencyPart)];
        if (facts.Agency is { } agency)
            recipients = [.. recipients, new(Array.Find(standing.Contracts, contract => contract.Version == agency.ContractVersion)!.Account!, agencyPart)];
        return Array.FindAll(recipients, recipient => recipient.AmountMinor > 0);
    }

    private TimeSpan NextPause()
    {
        var doubled = _options.AskAgainAfter * Math.Pow(2, Math.Min(State.Asked, MostDoublings));
        var pause = doubled < _options.AskAtMostEvery ? doubled : _options.AskAtMostEvery;
        return pause * (0.75 + Random.Shared.NextDouble() / 2);   // so that what failed together does not come again together
    }

    private async Task<PayoutFacts> End(PayoutEnd end)
    {
        var ended = await Account.EndPayout(Key, end);
        if (ended.End!.Status != end.Status) LogContradiction(Key, CreatorId, ended.End.Status, end.Status);
        metrics.Ended(ended.End.Status);
        LogEnded(Key, CreatorId, ended.End.Status);
        return ended;
    }

    private async Task Alert(PayoutFacts facts)
    {
        metrics.Alerted();
        LogOverdue(Key, CreatorId, State.StatusOf(facts.Amount, _options), facts.RequestedAt);
        await Store(State with { AlertedAt = time.GetUtcNow() });
    }

    public async Task<Outcome<PayoutCase>> GetCase(Caller caller)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        return await Account.FindPayout(Key) is { } facts ? CaseOf(facts) : NoSuchPayout;
    }

    public Task<Outcome<PayoutCase>> Approve(Caller caller, string? reason) =>
        Decide(caller, facts => PayoutDecisions.Approve(State, facts, _options, caller.Subject, reason, time.GetUtcNow()));

    /// <summary>The provider is asked even where this payout's state says that it was not told: state can be lost.</summary>
    public async Task<Outcome<PayoutCase>> Reject(Caller caller, string reason)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        var isUntold = provider is null || (await Try(() => provider.Find(IdempotencyKey, default))).Answer is PayoutAnswer.NotFound;
        return await Decide(caller, facts => isUntold
            ? PayoutDecisions.Reject(State, facts, _options, provider is not null, caller.Subject, reason, time.GetUtcNow())
            : new Refusal(Refusal.NotUndecided, "The provider does not say that it has not been told to pay."));
    }

    public Task<Outcome<PayoutCase>> Resolve(Caller caller, PayoutResolution resolution) =>
        Decide(caller, facts => PayoutDecisions.Resolve(State, facts, _options, provider is not null, caller.Subject, resolution, time.GetUtcNow()));

    private async Task<Outcome<PayoutCase>> Decide(Caller caller, Func<PayoutFacts, Decided> decide)
    {
        if (!caller.Is(Roles.Operator)) return OperatorsOnly;
        if (string.Equals(caller.Subject, CreatorId, StringComparison.Ordinal)) return new Refusal(Refusal.Forbidden, "Nobody decides about a payout of their own.");
        if (await Account.FindPayout(Key) is not { } facts) return NoSuchPayout;
        var decided = decide(facts);
        if (decided.Refusal is { } refusal) return refusal;

        await Store(decided.State!);
        LogDecided(caller.Subject, State.Decisions[^1].Act, Key, CreatorId);
        if (State.End is { } end) facts = await End(end);
        GrainFactory.GetGrain<IPayoutRounds>(IPayoutQueueGrain.Key).Add(new(CreatorId, Key)).Ignore();   // safe to lose: the queue comes by
        return CaseOf(facts);
    }

    private PayoutCase CaseOf(PayoutFacts facts) => new(
        Key, CreatorId, facts.Diamonds, facts.End?.Status ?? State.StatusOf(facts.Amount, _options), facts.Amount, facts.Payable, facts.Agency, facts.RequestedAt,
        PayoutState.OperatorsNeeded(facts.Amount, _options), State.Decisions, State.SubmittedAt, State.Asked,
        facts.End is null && provider is not null && State.NextAt != default ? State.NextAt : null,
        facts.RequestedAt + _options.Deadline, IsOverdue(facts), facts.End is null ? State.Problem : null,
        facts.End?.RecordedAt, facts.End?.Reference, facts.End?.Reason);

    private bool IsOverdue(PayoutFacts facts) => facts.End is null && time.GetUtcNow() > facts.RequestedAt + _options.Deadline;

    /// <summary>Memory changes with storage, not before; after a failure the next activation reads what storage has.</summary>
    private async Task Store(PayoutState state)
    {
        var before = payout.State;
        payout.State = state;
        try
        {
            await payout.WriteStateAsync();
        }
        catch (Exception)
        {
            payout.State = before;
            DeactivateOnIdle();
            throw;
        }
    }

    private static Refusal OperatorsOnly => new(Refusal.Forbidden, "Payouts are decided by operators.");
    private static Refusal NoSuchPayout => new(Refusal.UnknownTransfer, "There is no such payout.");

    [LoggerMessage(LogLevel.Warning, "Payout {Key} of {Creator}: {Problem}")]
    private partial void LogProblem(Guid key, string creator, string problem);

    [LoggerMessage(LogLevel.Error, "Payout {Key} of {Creator} is said to be both: {One}, and {Other}")]
    private partial void LogContradiction(Guid key, string creator, string one, string other);

    [LoggerMessage(LogLevel.Error, "Payout {Key} of {Creator} is overdue: {Status}, requested at {RequestedAt}")]
    private partial void LogOverdue(Guid key, string creator, string status, DateTimeOffset requestedAt);

    [LoggerMessage(LogLevel.Information, "Payout {Key} of {Creator} ended: {Status}")]
    private partial void LogEnded(Guid key, string creator, string status);

    [LoggerMessage(LogLevel.Information, "{Operator} {Act} payout {Key} of {Creator}")]
    private partial void LogDecided(string @operator, string act, Guid key, string creator);
}
