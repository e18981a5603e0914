using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Wallets.Grains.Recognition;
using Wallets.Ledger;

namespace Wallets.Grains.Streams;

/// <summary>A credited gift: its seq in the creator's account and what it was.</summary>
[GenerateSerializer, Immutable, Alias("credited-gift")]
internal readonly record struct CreditedGift(long Seq, Credit Credit);

/// <summary>Gifts of one stream among the creator's entries in (<see cref="AfterSeq"/>, <see cref="ThroughSeq"/>]. Without gifts it says only that there is something in the ledger.</summary>
[GenerateSerializer, Immutable, Alias("gift-news")]
internal sealed record GiftNews(long AfterSeq, long ThroughSeq, CreditedGift[] Gifts);

/// <summary>The stream grain as the earnings grain sees it.</summary>
[Alias("gift-audience")]
internal interface IGiftAudience : IGrainWithGuidKey
{
    /// <summary>News of one creator may overtake one another on their way.</summary>
    [OneWay, AlwaysInterleave, Alias("hear")] Task Hear(GiftNews news);
}

/// <summary>What is stored of a stream: what it is, and a tally that may be behind the ledger.</summary>
[GenerateSerializer, Alias("stream-state")]
internal sealed class StreamState
{
    [Id(0)] public string? CreatorId { get; set; }
    [Id(1)] public long CreatorAccount { get; set; }
    [Id(2)] public string Title { get; set; } = "";
    [Id(3)] public DateTimeOffset StartedAt { get; set; }
    [Id(4)] public DateTimeOffset? EndedAt { get; set; }
    [Id(5)] public Tally Tally { get; set; } = new();

    /// <summary>The creator's last entry when the stream began: none of its gifts is before.</summary>
    [Id(6)] public long BeganAfterSeq { get; set; }
}

/// <summary>What the gifts of a stream add up to, as of the creator's entry <see cref="Seq"/>.</summary>
[GenerateSerializer, Alias("tally")]
internal sealed record Tally
{
    [Id(0)] public long Seq { get; set; }
    [Id(1)] public long Gifts { get; set; }
    [Id(2)] public long Coins { get; set; }
    [Id(3)] public long Diamonds { get; set; }

    /// <summary>Who sent most. All the others are counted anew from the ledger when that is needed.</summary>
    [Id(4)] public Supporter[] Top { get; set; } = [];
}

/// <summary>
/// One live broadcast. That it is live and since when is stored; totals, supporters and the feed are a fold over the creator's entries that
/// concern this stream, fed by news that comes in batches and caught up from the ledger whenever news is missing, so they may be lost at
/// any time. What happens goes out in frames, ten a second at most and only when something does, to whoever asks for the next one:
/// gateways do, once each. A stream that nobody watches makes no frames; who asks again, or asks a new activation, begins a new epoch of
/// them, with a snapshot. Names of viewers who give anonymously are kept here, and go out to nobody.
/// </summary>
internal sealed partial class StreamGrain(
    [PersistentState("stream")] IPersistentState<StreamState> stream,
    ILedger ledger,
    HiddenNames hidden,
    TimeProvider time,
    ILogger<StreamGrain> logger) : Grain, IStreamGrain, IStreamLease, IGiftAudience, IListed
{
    private const int MostSupportersShown = 10;
    private const int EntriesSummedAtOnce = 50_000;
    private const int EntriesWithLines = 100;
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan NewsIsFreshFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);

    /// <summary>How long news that is ahead of others waits for them before they count as lost.</summary>
    private static readonly TimeSpan OvertakenFor = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a question for the next frame waits for one; well below the time after which a call counts as lost.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <summary>How long a feed is kept for somebody who comes back: what it remembers is not older.</summary>
    private static readonly TimeSpan FeedOutlivesWatchers = TimeSpan.FromSeconds(30);

    private readonly FeedLines _lines = new();
    private readonly List<GiftNews> _ahead = [];   // news that overtook other news
    private TaskCompletionSource _nextFrame = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Tally _tally = new();       // the stored one is a copy: gifts are counted while it is written
    private Leaderboard? _supporters;   // null until one must be counted that came after the stored tally
    private Feed? _feed;                // null while nobody watches
    private Task _catchUp = Task.CompletedTask;
    private IGrainTimer? _frameTimer;
    private bool _isFrameDue;
    private long _cutAt;
    private long _heardAt;
    private long _watchedAt;
    private long _savedSeq;
    private long _hidings;              // when the feed was last looked through for hidden names

    private StreamState State => stream.State;

    /// <summary>Ended, and no silo takes a gift for it any more.</summary>
    private bool IsOver => State.EndedAt is { } endedAt && time.GetUtcNow() >= endedAt + LiveStreams.LeaseTerm;

    private bool IsWatched => _watchedAt != 0 && time.GetElapsedTime(_watchedAt) < FeedOutlivesWatchers;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _tally = State.Tally with { };
        _frameTimer = this.RegisterGrainTimer(CutFrame, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
        return Task.CompletedTask;
    }

    public async Task<Outcome<StreamView>> Start(Caller caller, string creatorId, string title)
    {
        if (!caller.Owns(creatorId, Roles.Creator)) return new Refusal(Refusal.Forbidden, "Only the creator can start this stream.");
        if (string.IsNullOrWhiteSpace(title) || title.Length > StreamView.MaxTitleLength || title.Any(char.IsControl))
            return new Refusal(Refusal.InvalidTitle, $"A title has 1 to {StreamView.MaxTitleLength} characters.");
        if (State.CreatorId is null)
        {
            var account = await ledger.OpenAccount(AccountKind.Earnings, creatorId);
            var seq = await ledger.LastSeq(account);
            var begun = new StreamState { CreatorId = creatorId, CreatorAccount = account, Title = title.Trim(), StartedAt = time.GetUtcNow(), BeganAfterSeq = seq, Tally = new() { Seq = seq } };
            _tally = begun.Tally;
            await EnterBeforeStart(begun);
            await Store(begun);
        }
        return await View();
    }

    /// <summary>Stores the end first; then waits until every lease given before has run out, so that its answer is the cut-off, and the frame that says so the last one but for corrections.</summary>
    public async Task<Outcome<StreamView>> End(Caller caller)
    {
        if (State.CreatorId is null) return Unknown;
        if (!caller.Owns(State.CreatorId, Roles.Creator) && !caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "Only the creator can end this stream.");

        if (State.EndedAt is null)
        {
            State.EndedAt = time.GetUtcNow();
            await Store(State);
            LeaveList();
        }
        var leasesEnd = State.EndedAt.Value + LiveStreams.LeaseTerm - time.GetUtcNow();
        if (leasesEnd > TimeSpan.Zero) await Task.Delay(leasesEnd < LiveStreams.LeaseTerm ? leasesEnd : LiveStreams.LeaseTerm, time);
        await CatchUp();
        return await View();
    }

    public async Task<Outcome<StreamView>> GetView()
    {
        if (State.CreatorId is null) return Unknown;
        KeepListed();
        if (_heardAt == 0 || time.GetElapsedTime(_heardAt) > NewsIsFreshFor) await CatchUp();
        return await View();
    }

    public async Task<Outcome<StreamFrame>> NextFrame(string? epoch, long after)
    {
        if (State.CreatorId is null) return Unknown;
        await Watch();
        var frame = Since(epoch, after);
        if (!IsNothing(frame)) return frame;

        await Task.WhenAny(_nextFrame.Task, Task.Delay(LongestWait, time));
        if (IsNothing(Since(epoch, after)) && (time.GetElapsedTime(_heardAt) > LongestSilence || IsOver != (_feed!.Last.Status == StreamView.Ended))) await CatchUp();
        await Watch();
        return Since(epoch, after);
    }

    public async Task<Outcome<StreamFrame>> ReadFrame(string epoch, long after, long through)
    {
        if (State.CreatorId is null) return Unknown;
        await Watch();
        return _feed!.Between(epoch, after, through) ?? _feed.Snapshot;
    }

    public Task<LiveStream?> Lease()
    {
        KeepListed();
        return Task.FromResult(State.CreatorId is null ? null : new LiveStream(State.CreatorId, State.CreatorAccount, State.EndedAt is not null));
    }

    public async Task Hear(GiftNews news)
    {
        if (State.CreatorId is null) return;
        while (!_catchUp.IsCompleted) await _catchUp;
        if (news.ThroughSeq <= _tally.Seq) return;
        if (_feed is not null && !IsWatched) DropFeed();
        if (news.Gifts.Length == 0 || (_supporters is null && _tally.Gifts > 0)) await CatchUp();   // it says only that there is something, or this activation knows only the sums
        else if (news.AfterSeq > _tally.Seq) await WaitForOvertaken(news);
        else
        {
            Count(news);
            while (_ahead.Find(next => next.AfterSeq <= _tally.Seq) is { } next)
            {
                _ahead.Remove(next);
                Count(next);
            }
        }
    }

    /// <summary>What comes in its turn meanwhile counts this news behind it. If it does not come, it was lost, and the ledger is read.</summary>
    private async Task WaitForOvertaken(GiftNews news)
    {
        _ahead.Add(news);
        await Task.Delay(OvertakenFor, time);
        if (_ahead.Remove(news) && news.ThroughSeq > _tally.Seq) await CatchUp();
    }

    private void Count(GiftNews news)
    {
        foreach (var (seq, gift) in news.Gifts)
        {
            if (seq <= _tally.Seq) continue;
            Count(new StreamShare(gift.UserId, gift.Quantity, gift.Coins, gift.Diamonds));
            if (_feed is not null) _lines.Add(gift);
        }
        _tally.Seq = Math.Max(_tally.Seq, news.ThroughSeq);
        _heardAt = time.GetTimestamp();
        if (_feed is not null && news.Gifts.Length > 0) LetFrameBeCut();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (State.CreatorId is not null && _tally.Seq > _savedSeq) await Store(State);
    }

    private void Count(StreamShare share)
    {
        _tally.Gifts += share.Gifts;
        _tally.Coins += share.Coins;
        _tally.Diamonds += share.Diamonds;
        (_supporters ??= new(MostSupportersShown)).Add(share.UserId, share.Coins);
    }

    /// <summary>Somebody watches: there is a feed from now on, and it names nobody who is hidden.</summary>
    private async Task Watch()
    {
        KeepListed();
        await hidden.Refreshed();
        do
        {
            _watchedAt = time.GetTimestamp();
            if (_feed is null) await CatchUp();   // which may have begun before anybody watched, or take longer than a watcher is remembered
        }
        while (_feed is null);
        ForgetHidden();
    }

    /// <summary>
    /// If somebody whom the feed names has become hidden, it is begun anew: a snapshot without the name replaces what gateways keep and
    /// viewers see.
    /// </summary>
    private void ForgetHidden()
    {
        if (_feed is null || _hidings == hidden.Hidings) return;
        _hidings = hidden.Hidings;
        if (_feed.Names.All(name => hidden.ShownNow(name) is not null)) return;
        var latest = _feed.Snapshot;
        BeginEpoch(latest.Gifts, latest.Merged);
        TellWhoWaits();
    }

    private void DropFeed()
    {
        _feed = null;
        _lines.Take();
    }

    /// <summary>One at a time: what it reads is counted once.</summary>
    private Task CatchUp() => _catchUp.IsCompleted ? _catchUp = ReadLedger() : _catchUp;

    private async Task ReadLedger()
    {
        var (from, through) = (_tally.Seq, await ledger.LastSeq(State.CreatorAccount));
        var shares = await Sum(from, through);
        if (shares.Count > 0 && _supporters is null && _tally.Gifts > 0)
        {
            var known = new Leaderboard(MostSupportersShown);
            foreach (var share in await Sum(State.BeganAfterSeq, from)) known.Add(share.UserId, share.Coins);
            _supporters = known;
        }
        var begins = _feed is null && IsWatched;
        IReadOnlyList<ReceivedGift> latest = begins || (_feed is not null && shares.Count > 0)
            ? await ledger.ReadReceived(State.CreatorAccount, Math.Max(through - EntriesWithLines, begins ? State.BeganAfterSeq : from), through, EntriesWithLines)
            : [];

        foreach (var share in shares) Count(share);
        foreach (var gift in latest)
            if (gift.Debit.Gift?.StreamId == this.GetPrimaryKey()) _lines.Add(Credit.Of(gift.Debit, gift.UserId));
        _tally.Seq = Math.Max(_tally.Seq, through);
        _heardAt = time.GetTimestamp();
        if (begins)
        {
            var (lines, merged, _) = _lines.Take();
            BeginEpoch(lines, merged);
        }
        else if (_feed is not null && (shares.Count > 0 || IsOver != (_feed.Last.Status == StreamView.Ended))) LetFrameBeCut();
    }

    private async Task<List<StreamShare>> Sum(long afterSeq, long throughSeq)
    {
        var shares = new List<StreamShare>();
        for (var after = afterSeq; after < throughSeq; after += EntriesSummedAtOnce)
            shares.AddRange(await ledger.SumStream(State.CreatorAccount, this.GetPrimaryKey(), after, Math.Min(throughSeq, after + EntriesSummedAtOnce)));
        return shares;
    }

    private void BeginEpoch(FeedGift[] latest, long merged) =>
        _feed = new(Frame(Guid.NewGuid().ToString("N"), 0, latest, merged, 0) with { IsSnapshot = true });

    /// <summary>At once, or as soon as the last frame is a tenth of a second old.</summary>
    private void LetFrameBeCut()
    {
        if (_isFrameDue) return;
        var wait = FrameInterval - time.GetElapsedTime(_cutAt);
        if (_cutAt == 0 || wait <= TimeSpan.Zero)
        {
            CutFrame();
            return;
        }
        _isFrameDue = true;
        _frameTimer!.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private Task CutFrame()
    {
        _isFrameDue = false;
        if (_feed is null) return Task.CompletedTask;   // dropped since it was due
        ForgetHidden();
        _cutAt = time.GetTimestamp();
        var (lines, merged, dropped) = _lines.Take();
        _feed.Add(Frame(_feed.Epoch, _feed.Number, lines, merged, dropped) with { Number = _feed.Number + 1 });
        TellWhoWaits();
        return Task.CompletedTask;
    }

    private void TellWhoWaits() => Interlocked.Exchange(ref _nextFrame, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Lines are collected by who sent them, and lose the names here.</summary>
    private StreamFrame Frame(string epoch, long number, FeedGift[] gifts, long merged, long dropped) => new(
        this.GetPrimaryKey(), epoch, number, number, IsSnapshot: false, IsOver ? StreamView.Ended : StreamView.Live,
        [.. gifts.Select(line => line with { UserId = Shown(line.UserId) })], merged, dropped, Totals, ShownTop);

    private StreamFrame Since(string? epoch, long after) => _feed!.Between(epoch, after, _feed.Number) ?? _feed.Snapshot;

    private static bool IsNothing(StreamFrame frame) => frame.After == frame.Number && !frame.IsSnapshot;

    private async Task Store(StreamState state)
    {
        try
        {
            if (_supporters is not null) _tally.Top = Top;
            state.Tally = _tally with { };
            stream.State = state;
            await stream.WriteStateAsync();
            _savedSeq = state.Tally.Seq;
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    private StreamTotals Totals => new(_tally.Gifts, new(_tally.Coins), new(_tally.Diamonds));

    /// <summary>With everybody's name.</summary>
    private Supporter[] Top => _supporters is null ? _tally.Top : [.. _supporters.Top];

    private Supporter[] ShownTop => [.. Top.Select(supporter => supporter with { UserId = Shown(supporter.UserId) })];

    private string? Shown(string? userId) => userId is null ? null : hidden.ShownNow(userId);

    private async Task<StreamView> View()
    {
        if (Top.Length > 0) await hidden.Refreshed();
        return new(
            this.GetPrimaryKey(), State.CreatorId!, State.Title, State.EndedAt is null ? StreamView.Live : StreamView.Ended, State.StartedAt, State.EndedAt, Totals, ShownTop);
    }

    private Refusal Unknown => new(Refusal.UnknownStream, $"There is no stream {this.GetPrimaryKey()}.");
}
