using Orleans.Concurrency;
using Wallets.Ledger;

namespace Wallets.Grains.Streams;

/// <summary>A credited gift: its seq in the creator's account and what it was.</summary>
[GenerateSerializer, Immutable, Alias("credited-gift")]
internal readonly record struct CreditedGift(long Seq, Credit Credit);

/// <summary>Gifts of one stream among the creator's entries in (<see cref="AfterSeq"/>, <see cref="ThroughSeq"/>].</summary>
[GenerateSerializer, Immutable, Alias("gift-news")]
internal sealed record GiftNews(long AfterSeq, long ThroughSeq, CreditedGift[] Gifts);

/// <summary>The stream grain as the earnings grain sees it.</summary>
[Alias("gift-audience")]
internal interface IGiftAudience : IGrainWithGuidKey
{
    [OneWay, Alias("hear")] Task Hear(GiftNews news);
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
}

/// <summary>
/// One live broadcast. Who is live and since when is stored; totals and supporters are a fold over the creator's credits that
/// belong to this stream, fed by news and caught up from the ledger whenever news is missing, so they may be lost at any time.
/// </summary>
internal sealed class StreamGrain(
    [PersistentState("stream")] IPersistentState<StreamState> stream,
    ILedger ledger,
    TimeProvider time) : Grain, IStreamGrain, IStreamLease, IGiftAudience
{
    private const int CatchUpPage = 5_000;
    private const int MostSupportersShown = 10;
    private const int MostGiftsInFrame = 100;
    private static readonly TimeSpan NewsIsFreshFor = TimeSpan.FromSeconds(1);

    private readonly Queue<CreditedGift> _latest = new();
    private long _heardAt;
    private long _savedSeq;

    private StreamState State => stream.State;

    public async Task<Outcome<StreamView>> Start(Caller caller, string creatorId, string title)
    {
        if (!caller.Owns(creatorId, Roles.Creator)) return new Refusal(Refusal.Forbidden, "Only the creator can start this stream.");
        if (string.IsNullOrWhiteSpace(title) || title.Length > StreamView.MaxTitleLength || title.Any(char.IsControl))
            return new Refusal(Refusal.InvalidTitle, $"A title has 1 to {StreamView.MaxTitleLength} characters.");
        if (State.CreatorId is null)
        {
            var account = await ledger.OpenAccount(AccountKind.Earnings, creatorId);
            var tally = new Tally { Seq = await ledger.LastSeq(account) };
            await Store(new StreamState { CreatorId = creatorId, CreatorAccount = account, Title = title.Trim(), StartedAt = time.GetUtcNow(), Tally = tally });
        }
        return View();
    }

    /// <summary>Stores the end first; then waits until every lease given before has run out, so that its answer is the cut-off.</summary>
    public async Task<Outcome<StreamView>> End(Caller caller)
    {
        if (State.CreatorId is null) return Unknown;
        if (!caller.Owns(State.CreatorId, Roles.Creator) && !caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "Only the creator can end this stream.");

        if (State.EndedAt is null)
        {
            State.EndedAt = time.GetUtcNow();
            await Store(State);
        }
        var leasesEnd = State.EndedAt.Value + LiveStreams.LeaseTerm - time.GetUtcNow();
        if (leasesEnd > TimeSpan.Zero) await Task.Delay(leasesEnd < LiveStreams.LeaseTerm ? leasesEnd : LiveStreams.LeaseTerm, time);
        return View();
    }

    public async Task<Outcome<StreamView>> GetView()
    {
        if (State.CreatorId is null) return Unknown;
        await CatchUpIfStale();
        return View();
    }

    public async Task<Outcome<StreamFrame>> GetFrame(long afterSeq)
    {
        if (State.CreatorId is null) return Unknown;
        await CatchUpIfStale();
        var view = View();
        return new StreamFrame(view.StreamId, State.Tally.Seq, view.Status, [.. _latest.Where(gift => gift.Seq > afterSeq).Select(Shown)], view.Totals, view.Top);
    }

    public Task<LiveStream?> Lease() => Task.FromResult(
        State.CreatorId is null ? null : new LiveStream(State.CreatorId, State.CreatorAccount, State.EndedAt is not null));

    public async Task Hear(GiftNews news)
    {
        if (State.CreatorId is null || news.ThroughSeq <= State.Tally.Seq) return;
        if (news.AfterSeq > State.Tally.Seq)
        {
            await CatchUp();   // earlier news was lost
            return;
        }
        foreach (var gift in news.Gifts)
            if (gift.Seq > State.Tally.Seq) Count(gift);
        State.Tally.Seq = news.ThroughSeq;
        _heardAt = time.GetTimestamp();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (State.CreatorId is not null && State.Tally.Seq > _savedSeq) await Store(State);
    }

    private void Count(CreditedGift gift)
    {
        State.Tally.Add(gift.Credit);
        if (_latest.Count == MostGiftsInFrame) _latest.Dequeue();
        _latest.Enqueue(gift);
    }

    private static FeedGift Shown(CreditedGift gift) => new(gift.Credit.UserId, gift.Credit.GiftId, gift.Credit.Quantity, new(gift.Credit.Coins));

    private Task CatchUpIfStale() => _heardAt == 0 || time.GetElapsedTime(_heardAt) > NewsIsFreshFor ? CatchUp() : Task.CompletedTask;

    private async Task CatchUp()
    {
        IReadOnlyList<ReceivedGift> page;
        do
        {
            page = await ledger.ReadReceived(State.CreatorAccount, State.Tally.Seq, long.MaxValue, CatchUpPage);
            foreach (var gift in page)
            {
                if (gift.Debit.Gift?.StreamId == this.GetPrimaryKey()) Count(new CreditedGift(gift.Seq, Credit.Of(gift.Debit, gift.UserId)));
                State.Tally.Seq = gift.Seq;
            }
        }
        while (page.Count == CatchUpPage);
        _heardAt = time.GetTimestamp();
    }

    private async Task Store(StreamState state)
    {
        try
        {
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

    private StreamView View() => new(
        this.GetPrimaryKey(),
        State.CreatorId!,
        State.Title,
        State.EndedAt is null ? StreamView.Live : StreamView.Ended,
        State.StartedAt,
        State.EndedAt,
        new StreamTotals(State.Tally.Gifts, new(State.Tally.Coins), new(State.Tally.Diamonds)),
        [.. State.Tally.Supporters.OrderByDescending(supporter => supporter.Value).ThenBy(supporter => supporter.Key, StringComparer.Ordinal)
            .Take(MostSupportersShown).Select(supporter => new Supporter(supporter.Key, new(supporter.Value)))]);

    private Refusal Unknown => new(Refusal.UnknownStream, $"There is no stream {this.GetPrimaryKey()}.");
}

/// <summary>What the gifts of a stream add up to, as of the creator's entry <see cref="Seq"/>.</summary>
[GenerateSerializer, Alias("tally")]
internal sealed class Tally
{
    [Id(0)] public long Seq { get; set; }
    [Id(1)] public long Gifts { get; set; }
    [Id(2)] public long Coins { get; set; }
    [Id(3)] public long Diamonds { get; set; }
    [Id(4)] public Dictionary<string, long> Supporters { get; set; } = [];

    public void Add(Credit credit)
    {
        Gifts += credit.Quantity;
        Coins += credit.Coins;
        Diamonds += credit.Diamonds;
        Supporters[credit.UserId] = Supporters.GetValueOrDefault(credit.UserId) + credit.Coins;
    }
}
