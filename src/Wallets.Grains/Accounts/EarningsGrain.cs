using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wallets.Grains.Payouts;
using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>
/// A creator's diamonds. Steps 6 and 7 of a gift's way: credits arrive in batches, are appended together, and only then are told
/// to the streams. A first delivery is written as it comes; a redelivery is looked up first, and so is a first delivery that comes
/// behind its redelivery. What memory lets through all the same meets the unique key.
/// </summary>
internal sealed partial class EarningsGrain(
    [PersistentState("earnings", AccountSnapshot.Storage)] IPersistentState<AccountSnapshot> snapshot,
    ILedger ledger,
    LedgerWriter writer,
    Published published,
    GiftMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<EarningsGrain> logger) : AccountGrain<EarningsState>(AccountKind.Earnings, snapshot, ledger, writer, time, logger), IEarningsGrain, ICreditReceiver, IEarningsDesk, IPayoutAccount
{
    private const int RedeliveriesRemembered = 10_000;
    private const int StreamsRemembered = 100;

    private readonly ILedger _ledger = ledger;
    private readonly GrainsOptions _options = options.Value;
    private readonly Dictionary<Guid, (IGiftAudience Stream, long ThroughSeq)> _told = [];
    private readonly HashSet<CreditId> _redelivered = [];

    public async Task Receive(Credit[] credits, bool redelivered)
    {
        var accountId = await OpenAccount();
        var mayBeKnown = redelivered || credits.Any(credit => _redelivered.Contains(credit.Id));
        if (redelivered) RememberRedelivery(credits);

        IReadOnlyList<Credit> missing = mayBeKnown ? await WithoutKnown(accountId, credits) : credits;
        while (missing.Count > 0)
        {
            // 6
            var firstSeq = State.Seq + 1;
            var appended = await Append(EarningsDecisions.Receive(accountId, State, missing));
            if (appended.IsCommitted)
            {
                metrics.Settled(missing.Count);
                TellStreams(missing, firstSeq);   // 7
                return;
            }
            missing = await WithoutKnown(accountId, missing);
        }
    }

    /// <summary>
    /// All of a delivery in one append; each decided on what the ones before it leave. Looked up first, always: a refund may take back
    /// hundreds of gifts, and its delivery is repeated until all of them are here.
    /// </summary>
    public async Task Correct(Correction[] corrections)
    {
        var accountId = AccountId ?? throw new UnavailableException("The gifts to correct are not credited yet.");
        var known = (await _ledger.FindTransfers(accountId, [.. corrections.Select(correction => correction.Key), .. corrections.Where(correction => correction.IsRestored).Select(correction => correction.ClawbackKey)]))
            .ToDictionary(entry => entry.TransferId);
        var credits = (await _ledger.ReadCredits(accountId, [.. corrections.Select(correction => new CreditId(correction.Origin, correction.Gift)).Distinct()]))
            .ToDictionary(entry => new CreditId(entry.Counterparty, entry.TransferId));

        var (now, after, entries, tooEarly) = (Now, CopyOfState(), new List<Entry>(), 0);
        foreach (var correction in corrections)
        {
            if (known.ContainsKey(correction.Key)) continue;
            var credit = credits.GetValueOrDefault(new CreditId(correction.Origin, correction.Gift));
            var clawback = correction.IsRestored ? known.GetValueOrDefault(correction.ClawbackKey) : null;
            if (credit is null || (correction.IsRestored && clawback is null))
            {
                tooEarly++;
                continue;
            }
            var entry = clawback is null
                ? EarningsDecisions.ClawBack(accountId, after, correction, EarningsState.DayOf(credit), _options.Hold, _options.Refunds.MostDiamondsOwed, now)
                : EarningsDecisions.Restore(accountId, after, correction, clawback);
            after.Apply(entry with { RecordedAt = now });
            entries.Add(known[correction.Key] = entry);
        }
        if (entries.Count > 0)
        {
            if (!(await Append(entries)).IsCommitted) throw new UnavailableException("Another delivery was faster.");
            TellStreamsToLook();
        }
        if (tooEarly > 0) throw new UnavailableException($"{tooEarly} gifts to correct are not credited yet.");
    }

    public async Task<Outcome<Posted>> Adjust(Guid key, long diamonds, string reason, string actor)
    {
        if (await FindInLedger(key) is { } earlier)
            return earlier.Kind == EntryKind.EarningsAdjusted ? Outcome.Replayed(Posted.Of(earlier)) : Refuse(new(Refusal.KeyReused, $"Key {key} was used for something else."));

        var accountId = await OpenAccount();
        var decision = EarningsDecisions.Adjust(accountId, State, key, diamonds, reason, actor, _options.Hold, Now);
        if (decision.Refusal is { } refusal) return Refuse(refusal);
        var appended = await Append(decision.Entry!);
        return appended.IsCommitted ? Posted.Of(decision.Entry!) : Outcome.Replayed(Posted.Of(await FindInLedger(key) ?? throw new OutcomeUnknownException()));
    }

    public Task<Outcome<EarningsBalance>> GetBalance(Caller caller)
    {
        if (!caller.Owns(Name, Roles.Creator)) return Task.FromResult<Outcome<EarningsBalance>>(Refuse(NotTheirs));
        var (now, hold) = (Now, _options.Hold);
        return Task.FromResult<Outcome<EarningsBalance>>(new EarningsBalance(
            Name,
            new DiamondsByState(new(State.PendingAt(now, hold)), new(State.AvailableAt(now, hold)), new(State.Reserved), new(State.Paid)),
            new(State.OwedAt(now, hold)),
            new(_options.Refunds.MostDiamondsOwed)));
    }

    public async Task<Outcome<Page<StatementLine>>> GetStatement(Caller caller, long afterSeq, int limit) =>
        caller.Owns(Name, Roles.Creator) ? await ReadStatement(afterSeq, limit) : Refuse(NotTheirs);

    private void RememberRedelivery(Credit[] credits)
    {
        if (_redelivered.Count + credits.Length > RedeliveriesRemembered) _redelivered.Clear();
        _redelivered.UnionWith(credits.Select(credit => credit.Id));
    }

    private async Task<IReadOnlyList<Credit>> WithoutKnown(long accountId, IReadOnlyList<Credit> credits)
    {
        var known = await _ledger.FindCredits(accountId, [.. credits.Select(credit => credit.Id)]);
        return [.. credits.Where(credit => !known.Contains(credit.Id)).DistinctBy(credit => credit.Id)];
    }

    /// <summary>Safe to lose: a stream that misses news notices the gap in the seqs, or the lack of news, and reads the ledger.</summary>
    private void TellStreams(IReadOnlyList<Credit> credits, long firstSeq)
    {
        if (_told.Count > StreamsRemembered) _told.Clear();
        var gifts = new CreditedGift[credits.Count];
        var isOfOneStream = true;
        for (var i = 0; i < gifts.Length; i++)
        {
            gifts[i] = new(firstSeq + i, credits[i]);
            isOfOneStream &= credits[i].StreamId == credits[0].StreamId;
        }
        if (isOfOneStream) TellStream(credits[0].StreamId, gifts, firstSeq);
        else
            foreach (var ofStream in gifts.GroupBy(gift => gift.Credit.StreamId)) TellStream(ofStream.Key, [.. ofStream], firstSeq);
    }

    private void TellStream(Guid streamId, CreditedGift[] gifts, long firstSeq)
    {
        var (stream, afterSeq) = _told.TryGetValue(streamId, out var told) ? told : (GrainFactory.GetGrain<IGiftAudience>(streamId), firstSeq - 1);
        _told[streamId] = (stream, State.Seq);
        stream.Hear(new GiftNews(afterSeq, State.Seq, gifts)).Ignore();
    }

    /// <summary>Which streams' gifts were corrected the ledger knows; those told lately look there. Safe to lose: the others look when they are looked at.</summary>
    private void TellStreamsToLook()
    {
        foreach (var (stream, _) in _told.Values) stream.Hear(new GiftNews(State.Seq, State.Seq, [])).Ignore();
        _told.Clear();
    }

    private Refusal Refuse(Refusal refusal)
    {
        metrics.Refused(refusal.Code);
        return refusal;
    }

    private static Refusal NotTheirs => new(Refusal.Forbidden, "These earnings belong to somebody else.");
}
