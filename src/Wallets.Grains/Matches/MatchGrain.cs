using Microsoft.Extensions.Options;
using Wallets.Grains.Recognition;
using Wallets.Grains.Streams;
using Wallets.Ledger;

namespace Wallets.Grains.Matches;

/// <summary>
/// A match: invited, begun after a countdown, perhaps paused, over at its cut-off, and ended once every gift before the cut-off is in its
/// creator's account; then the score is read once more from the first gift on, and stored as the result. Each step is stored before it
/// is answered, the score is always the ledger's, so the grain may die anywhere; the rounds wake it.
/// </summary>
internal sealed class MatchGrain(
    [PersistentState("match")] IPersistentState<MatchState> match,
    ILedger ledger,
    HiddenNames hidden,
    IOptions<GrainsOptions> options,
    TimeProvider time) : Grain, IMatchGrain, IMatchWork
{
    private const int MostPauses = 20;
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(900);

    /// <summary>Anybody may ask for a match to be read again, so it is not read for everybody who does.</summary>
    private static readonly TimeSpan AuditHoldsFor = TimeSpan.FromSeconds(5);

    private readonly MatchOptions _options = options.Value.Matches;
    private MatchTally[] _tallies = [];
    private long _readAt;
    private MatchTally[]? _audit;
    private long _auditedAt;

    private MatchState State => match.State;
    private Guid Key => this.GetPrimaryKey();

    public async Task<Outcome<MatchView>> Invite(Caller caller, MatchInvitation invitation)
    {
        if (!caller.Owns(invitation.CreatorId, Roles.Creator)) return NotTheirs;
        if (State.Creators.Length > 0)
        {
            var isSame = State.AskedBy == caller.Subject && State.Creators[0].CreatorId == invitation.CreatorId && State.Creators[1].CreatorId == invitation.OpponentId;
            return isSame ? Outcome.Replayed(await View()) : KeyReused;
        }
        if (!Identifier.IsValid(invitation.OpponentId) || invitation.OpponentId == invitation.CreatorId) return new Refusal(Refusal.InvalidMatch, "Name another creator.");
        if (await CheckLive(invitation.StreamId, invitation.CreatorId) is { } refusal) return refusal;
        await Store(state =>
        {
            state.Creators = [new(invitation.CreatorId, invitation.StreamId), new(invitation.OpponentId, null)];
            (state.InvitedAt, state.AskedBy) = (time.GetUtcNow(), caller.Subject);
        });
        return await View();
    }

    public async Task<Outcome<MatchView>> Accept(Caller caller, Guid streamId)
    {
        if (State.Creators.Length == 0) return Unknown;
        if (!caller.Owns(State.Creators[1].CreatorId, Roles.Creator)) return NotTheirs;
        if (State.StartsAt is not null) return Outcome.Replayed(await View());
        if (Status != MatchView.Invited) return Over;
        if (await CheckLive(State.Creators[0].StreamId!.Value, State.Creators[0].CreatorId) is { } gone) return gone;
        if (await CheckLive(streamId, State.Creators[1].CreatorId) is { } refusal) return refusal;
        return await Begin([State.Creators[0], State.Creators[1] with { StreamId = streamId }], State.AskedBy) is { } other ? other : await View();
    }

    public async Task<Outcome<MatchView>> Decline(Caller caller)
    {
        if (State.Creators.Length == 0) return Unknown;
        if (!State.Creators.Any(creator => caller.Owns(creator.CreatorId, Roles.Creator))) return NotTheirs;
        if (Status == MatchView.Invited) await Store(state => state.IsDeclined = true);
        return State.IsDeclined ? await View() : Over;
    }

    public async Task<Outcome<MatchView>> Open(Caller caller, Guid streamId, Guid opponentStreamId)
    {
        if (!caller.Is(Roles.Operator)) return NotTheirs;
        if (State.Creators.Length > 0) return State.AskedBy == caller.Subject ? Outcome.Replayed(await View()) : KeyReused;
        var creators = new List<MatchCreator>();
        foreach (var stream in (Guid[])[streamId, opponentStreamId])
        {
            if (await Find(stream) is not { HasEnded: false } live) return new Refusal(Refusal.StreamEnded, $"Stream {stream} is not live.");
            creators.Add(new(live.CreatorId, stream));
        }
        if (creators[0].CreatorId == creators[1].CreatorId) return new Refusal(Refusal.InvalidMatch, "A match is between two creators.");
        return await Begin([.. creators], caller.Subject) is { } refusal ? refusal : await View();
    }

    public async Task<Outcome<MatchView>> Pause(Caller caller)
    {
        if (State.Creators.Length == 0) return Unknown;
        if (!caller.Is(Roles.Operator)) return NotTheirs;
        if (State.OpenPause is not null) return await View();
        return await Stop(byOperator: true) ? await View() : Over;
    }

    public async Task<Outcome<MatchView>> Resume(Caller caller, Guid? streamId)
    {
        if (State.Creators.Length == 0) return Unknown;
        var side = Array.FindIndex(State.Creators, creator => caller.Owns(creator.CreatorId, Roles.Creator));
        if (side < 0 && !caller.Is(Roles.Operator)) return NotTheirs;
        await Work();
        if (State.BrokenOffAt is not null || State.FinalPoints is not null) return Over;
        if (State.OpenPause is not { } pause) return await View();
        if (pause.ByOperator && !caller.Is(Roles.Operator)) return NotTheirs;

        var creators = State.Creators.ToArray();
        if (streamId is { } stream && side >= 0)
        {
            if (await CheckLive(stream, creators[side].CreatorId) is { } refusal) return refusal;
            creators[side] = creators[side] with { StreamId = stream };
        }
        var isReady = await AreLive(creators);
        var now = await ledger.ReadClock(default);
        await Store(state =>
        {
            state.Creators = creators;   // the other side may still have to say which stream it goes on with
            if (isReady) state.Pauses[^1] = pause with { Until = now };
        });
        return await View();
    }

    public async Task<Outcome<MatchView>> GetView() => State.Creators.Length == 0 ? Unknown : await View();

    public async Task<Outcome<MatchAudit>> GetLines(long afterRank, int limit)
    {
        if (State.Creators.Length == 0) return Unknown;
        if (State.StartsAt is null) return new MatchAudit(Key, true, [], null);
        if (_audit is null || time.GetElapsedTime(_auditedAt) > AuditHoldsFor) (_audit, _auditedAt) = (await ReadAgain(), time.GetTimestamp());
        var agrees = State.FinalPoints is null || State.FinalPoints.SequenceEqual(_audit.Select(tally => tally.Points));
        var lines = _audit.SelectMany(tally => tally.Lines).OrderByDescending(line => MatchPoints.Of(line.Coins)).ThenByDescending(line => line.Coins).ThenBy(line => line.ViewerId)
            .Skip((int)Math.Min(afterRank, int.MaxValue)).Take(limit).ToList();
        var names = await ledger.NameAccounts([.. lines.Select(line => line.ViewerId).Distinct()]);
        var items = new List<MatchLine>();
        foreach (var line in lines)
            items.Add(new(afterRank + items.Count + 1, line.CreatorId, await hidden.Shown(names[line.ViewerId]), new(line.Coins), MatchPoints.Of(line.Coins)));
        return new MatchAudit(Key, agrees, [.. items], items.Count == limit ? $"{afterRank + limit}" : null);
    }

    public async Task<bool> Work()
    {
        if (State.StartsAt is not { } startsAt || State.FinalPoints is not null) return false;
        var now = await ledger.ReadClock(default);
        if (State.OpenPause is { } pause && now - pause.From > _options.LongestPause) await Store(state => state.BrokenOffAt = pause.From);
        if (State.EndsAt is { } endsAt && now >= endsAt)
        {
            if (!await MatchSettled(startsAt, endsAt)) return true;
            var read = await ReadAgain();
            await Store(state =>
            {
                state.Creators = [.. state.Creators.Zip(read, (creator, tally) => creator with { EndSeq = tally.ThroughSeq })];
                state.FinalPoints = [.. read.Select(tally => tally.Points)];
            });
            return false;
        }
        if (State.OpenPause is null && !await AreLive(State.Creators)) await Stop(byOperator: false);
        return true;
    }

    /// <summary>The rounds know of it before it begins, so that it goes on whatever dies.</summary>
    private async Task<Refusal?> Begin(MatchCreator[] creators, string askedBy)
    {
        if (await GrainFactory.GetGrain<IMatchRounds>(IMatchRounds.Key).Enter(Key, [.. creators.Select(creator => creator.CreatorId)]) is { } refusal) return refusal;
        for (var i = 0; i < creators.Length; i++)
        {
            var account = await ledger.OpenAccount(AccountKind.Earnings, creators[i].CreatorId);
            creators[i] = creators[i] with { AccountId = account, StartSeq = await ledger.LastSeq(account) };
        }
        var startsAt = await ledger.ReadClock(default) + _options.Countdown;
        await Store(state => (state.Creators, state.AskedBy, state.Length, state.StartsAt) = (creators, askedBy, _options.Length, startsAt));
        return null;
    }

    private async Task<bool> Stop(bool byOperator)
    {
        var now = await ledger.ReadClock(default);
        if (State.StartsAt is not { } startsAt || State.EndsAt is not { } endsAt || now >= endsAt || State.FinalPoints is not null || State.Pauses.Count >= MostPauses) return false;
        await Store(state => state.Pauses.Add(new(now > startsAt ? now : startsAt, null, byOperator)));
        return true;
    }

    private Task<bool> MatchSettled(DateTimeOffset startsAt, DateTimeOffset endsAt) =>
        Wallets.Ledger.Recognition.MatchCount.IsSettled(ledger, [.. State.Creators.Select(creator => creator.CreatorId)], startsAt, endsAt);

    /// <summary>From the first gift on, to the end if there is one.</summary>
    private async Task<MatchTally[]> ReadAgain()
    {
        var read = State.Creators.Select(creator => new MatchTally(ledger, creator)).ToArray();
        for (var i = 0; i < read.Length; i++) await read[i].CatchUp(State.Window, State.FinalPoints is null ? null : State.Creators[i].EndSeq);
        return read;
    }

    private async Task<MatchView> View()
    {
        if (State.StartsAt is not null && (_tallies.Length == 0 || (State.FinalPoints is null && time.GetElapsedTime(_readAt) > FreshFor)))
        {
            if (_tallies.Length == 0) _tallies = await ReadAgain();
            else foreach (var tally in _tallies) await tally.CatchUp(State.Window);
            _readAt = time.GetTimestamp();
        }
        var sides = State.Creators.Select((creator, i) => _tallies.Length == 0
            ? new MatchSide(creator.CreatorId, creator.StreamId, 0, Coins.Zero, 0)
            : new MatchSide(creator.CreatorId, creator.StreamId, State.FinalPoints?[i] ?? _tallies[i].Points, new(_tallies[i].Coins), _tallies[i].Supporters)).ToArray();
        var winner = State.FinalPoints is not { } points || points[0] == points[1] ? null : State.Creators[points[0] > points[1] ? 0 : 1].CreatorId;
        return new MatchView(Key, Status, State.StartsAt, State.EndsAt, State.BrokenOffAt is null ? State.OpenPause?.From : null, sides, winner);
    }

    private string Status => State.StatusAt(time.GetUtcNow(), _options.InvitationTerm);

    private Task<LiveStream?> Find(Guid stream) => GrainFactory.GetGrain<IStreamLease>(stream).Lease();

    private async Task<Refusal?> CheckLive(Guid stream, string creatorId) =>
        await Find(stream) is { HasEnded: false } live && live.CreatorId == creatorId ? null : new Refusal(Refusal.StreamEnded, $"{creatorId} is not live on stream {stream}.");

    private async Task<bool> AreLive(MatchCreator[] creators)
    {
        var streams = await Task.WhenAll(creators.Select(creator => Find(creator.StreamId!.Value)));
        return streams.All(stream => stream is { HasEnded: false });
    }

    /// <summary>The window may change with the state, so what was added up by the old one is forgotten.</summary>
    private async Task Store(Action<MatchState> change)
    {
        try
        {
            change(State);
            await match.WriteStateAsync();
            (_tallies, _audit) = ([], null);
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private static Refusal NotTheirs => new(Refusal.Forbidden, "Only the creators of a match, and for some things only operators, may do this.");
    private static Refusal Over => new(Refusal.MatchOver, "It is too late for this.");
    private Refusal KeyReused => new(Refusal.KeyReused, $"Key {Key} was used for something else.");
    private Refusal Unknown => new(Refusal.UnknownMatch, $"There is no match {Key}.");
}
