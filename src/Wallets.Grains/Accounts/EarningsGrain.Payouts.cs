using Wallets.Grains.Payouts;
using Wallets.Ledger;

namespace Wallets.Grains.Accounts;

/// <summary>Diamonds leaving: the reservation is made here, and the payout's end is written here; what lies between is <see cref="PayoutGrain"/>'s.</summary>
internal sealed partial class EarningsGrain
{
    public async Task<Outcome<Payout>> RequestPayout(Caller caller, Guid key, Diamonds diamonds)
    {
        if (!caller.Owns(Name, Roles.Creator)) return Refuse(NotTheirs);
        if (key.Version == 8) return Refuse(new(Refusal.InvalidKey, "Keys of version 8 are those of movements that follow from others."));
        if (await FindTransfer(key) is { } earlier) return Replay(key, diamonds, earlier);

        var now = Now;
        var terms = new PayoutTerms((await published.GetTerms()).RateAt(now), await GrainFactory.GetGrain<IPayoutStanding>(Name).GetStanding(), _options.Payouts);
        var decision = EarningsDecisions.RequestPayout(AccountId ?? 0, State, key, diamonds, terms, _options.Hold, now);
        if (decision.Refusal is { } refusal)
            return await FindInLedger(key) is { } unseen ? Replay(key, diamonds, unseen) : Refuse(refusal);

        var appended = await Append(decision.Entry!);
        if (!appended.IsCommitted)
            return Replay(key, diamonds, await FindInLedger(key) ?? throw new OutcomeUnknownException());
        GrainFactory.GetGrain<IPayoutRounds>(IPayoutQueueGrain.Key).Add(new(Name, key)).Ignore();   // safe to lose: the queue looks for open payouts
        return Requested(decision.Entry!);
    }

    public async Task<Outcome<Payout>> GetPayout(Caller caller, Guid key)
    {
        if (!caller.Owns(Name, Roles.Creator)) return Refuse(NotTheirs);
        return await FindPayout(key) is { } payout
            ? await Present(payout)
            : new Refusal(Refusal.UnknownTransfer, $"This creator requested no payout with key {key}.");
    }

    public async Task<Outcome<Page<Payout>>> GetPayouts(Caller caller, long afterSeq, int limit)
    {
        if (!caller.Owns(Name, Roles.Creator)) return Refuse(NotTheirs);
        if (AccountId is not { } accountId) return new Page<Payout>([], null);
        var reserved = await _ledger.ReadPayouts(accountId, afterSeq, limit);
        if (reserved.Count > 0) await UntilFolded(reserved[^1].Seq);
        var payouts = await Task.WhenAll(reserved.Select(async entry => await Present(await WithEnd(entry))));
        return new Page<Payout>(payouts, reserved.Count == limit ? reserved[^1].Seq.ToString() : null);
    }

    public async Task<PayoutFacts?> FindPayout(Guid key) => await FindInLedger(key) is { Kind: EntryKind.PayoutReserved } reserved ? await WithEnd(reserved) : null;

    public async Task<PayoutFacts> EndPayout(Guid key, PayoutEnd end)
    {
        var reserved = await FindInLedger(key) is { Kind: EntryKind.PayoutReserved } found ? found : throw new InvalidOperationException($"{Name} has no payout {key} to end.");
        var endKey = PayoutFacts.EndKey(Name, key);
        if (await FindInLedger(endKey) is { } earlier) return PayoutFacts.Of(reserved, earlier);

        var entry = EarningsDecisions.EndPayout(State, reserved, endKey, end);
        var appended = await Append(entry);
        return PayoutFacts.Of(reserved, appended.IsCommitted ? entry : await FindInLedger(endKey) ?? throw new OutcomeUnknownException());
    }

    private async Task<PayoutFacts> WithEnd(Entry reserved) => PayoutFacts.Of(reserved, await FindInLedger(PayoutFacts.EndKey(Name, reserved.TransferId)));

    private async Task<Payout> Present(PayoutFacts facts) => facts.ToPayout(
        Name, facts.End?.Status ?? await GrainFactory.GetGrain<IPayoutWork>(facts.Key, Name).GetStatus(facts.Amount));

    private Outcome<Payout> Replay(Guid key, Diamonds diamonds, Entry earlier) =>
        earlier.Kind == EntryKind.PayoutReserved && -earlier.Amount == diamonds.Value
            ? Outcome.Replayed(Requested(earlier))
            : Refuse(new(Refusal.KeyReused, $"Key {key} was used for something else."));

    private Payout Requested(Entry reserved) => PayoutFacts.Of(reserved, end: null).ToPayout(Name, Payout.Requested);
}
