using Orleans.Concurrency;
using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Recognition;

/// <summary>Shows what is counted, with the names that may be shown. It keeps nothing.</summary>
[StatelessWorker]
internal sealed class RecognitionGrain(ILedger ledger, HiddenNames hidden, TimeProvider time) : Grain, IRecognitionGrain
{
    private const string ByCoins = "coins";
    private readonly RecognitionBooks _books = new(ledger);

    public async Task<Outcome<Board<CreatorPlace>>> GetCreators(string period, string order, long afterRank, int limit)
    {
        RecognitionSpan? span = period switch
        {
            "day" => RecognitionSpan.DayOf(time.GetUtcNow()),
            "week" => RecognitionSpan.WeekOf(time.GetUtcNow()),
            "all" => RecognitionSpan.AllTime,
            _ => null,
        };
        if (span is null) return new Refusal(Refusal.InvalidPeriod, "A period is day, week or all.");
        if (order is not (ByCoins or "supporters")) return new Refusal(Refusal.InvalidOrder, "Creators are ordered by coins or supporters.");
        return await Read(span.Value, period, RecognitionBooks.Creators, order, afterRank, limit, (rank, line, name) => ValueTask.FromResult(new CreatorPlace(rank, name, new(line.Coins), line.Others)));
    }

    public async Task<Outcome<Board<ViewerPlace>>> GetViewers(string order, long afterRank, int limit)
    {
        if (order is not (ByCoins or "creators")) return new Refusal(Refusal.InvalidOrder, "Viewers are ordered by coins or creators.");
        return await Read(RecognitionSpan.WeekOf(time.GetUtcNow()), "week", RecognitionBooks.Viewers, order, afterRank, limit,
            async (rank, line, name) => new ViewerPlace(rank, await hidden.Shown(name), new(line.Coins), line.Others));
    }

    public async Task<Outcome<Page<Collected>>> GetCreatorsGallery(string creatorId)
    {
        if (await ledger.FindAccount(AccountKind.Earnings, creatorId) is not { } account) return new Page<Collected>([], null);
        var lines = await _books.ReadCreatorsGallery(account);
        var names = await ledger.NameAccounts([.. lines.SelectMany(line => new[] { line.First, line.Top }).Distinct()]);
        var items = new List<Collected>();
        foreach (var line in lines)
            items.Add(new(line.GiftId, line.Pieces, new(line.Coins), line.Givers, await hidden.Shown(names[line.First]), line.FirstAt, await hidden.Shown(names[line.Top]), line.TopPieces));
        return new Page<Collected>([.. items], null);
    }

    public async Task<Outcome<Page<SentGifts>>> GetViewersGallery(Caller caller, string userId)
    {
        if (!caller.Owns(userId, Roles.Viewer) && await hidden.Shown(userId) is null) return new Refusal(Refusal.Forbidden, "This viewer gives anonymously.");
        if (await ledger.FindAccount(AccountKind.Wallet, userId) is not { } account) return new Page<SentGifts>([], null);
        var lines = await _books.ReadViewersGallery(account);
        var names = await ledger.NameAccounts([.. lines.SelectMany(line => new[] { line.First, line.Top }).Distinct()]);
        return new Page<SentGifts>([.. lines.Select(line => new SentGifts(line.GiftId, line.Pieces, new(line.Coins), line.Givers, names[line.First], line.FirstAt, names[line.Top]))], null);
    }

    public async Task<Outcome<FanClub>> GetFans(string creatorId, long afterRank, int limit)
    {
        if (await ledger.FindAccount(AccountKind.Earnings, creatorId) is not { } account) return new FanClub(creatorId, 0, [], null);
        var membership = Levels.CoinsForFan(1);
        limit = Bounded(afterRank, limit);
        var lines = limit == 0 ? [] : await _books.ReadFans(account, membership, afterRank, limit);
        var names = await ledger.NameAccounts([.. lines.Select(line => line.ViewerId)]);
        var fans = new List<Fan>();
        foreach (var line in lines) fans.Add(new(afterRank + fans.Count + 1, await hidden.Shown(names[line.ViewerId]), Levels.OfFan(line.Coins), new(line.Coins)));
        return new FanClub(creatorId, await _books.CountFans(account, membership), [.. fans], Next(afterRank, limit, fans.Count));
    }

    public async Task<Outcome<Membership>> GetMembership(Caller caller, string creatorId, string userId)
    {
        if (!caller.Owns(userId, Roles.Viewer) && !caller.Owns(creatorId, Roles.Creator) && !caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "This membership is somebody else's.");
        long coins = 0;
        if (await ledger.FindAccount(AccountKind.Earnings, creatorId) is { } creator && await ledger.FindAccount(AccountKind.Wallet, userId) is { } viewer) coins = await _books.ReadPair(creator, viewer);
        var level = Levels.OfFan(coins);
        return new Membership(creatorId, userId, level, new(coins), level == Levels.HighestOfFans ? null : new Coins(Levels.CoinsForFan(level + 1)));
    }

    public async Task<Outcome<Anonymity>> GetAnonymous(Caller caller, string userId)
    {
        if (!caller.Owns(userId, Roles.Viewer)) return NotTheirs;
        return new Anonymity(userId, await ledger.FindAccount(AccountKind.Wallet, userId) is { } account && await _books.IsHidden(account));
    }

    public async Task<Outcome<Anonymity>> SetAnonymous(Caller caller, string userId, bool anonymous)
    {
        if (!caller.Owns(userId, Roles.Viewer)) return NotTheirs;
        var account = await ledger.OpenAccount(AccountKind.Wallet, userId);
        if (await _books.IsHidden(account) != anonymous) await _books.Choose(account, anonymous);
        return new Anonymity(userId, anonymous);
    }

    private async Task<Board<T>> Read<T>(RecognitionSpan span, string period, int side, string order, long afterRank, int limit, Func<long, BoardLine, string, ValueTask<T>> show)
    {
        limit = Bounded(afterRank, limit);
        var lines = limit == 0 ? [] : await _books.ReadBoard(span, side, byOthers: order != ByCoins, afterRank, limit);
        var names = await ledger.NameAccounts([.. lines.Select(line => line.AccountId)]);
        var places = new List<T>();
        foreach (var line in lines) places.Add(await show(afterRank + places.Count + 1, line, names[line.AccountId]));
        return new Board<T>(period, order, await GrainFactory.GetGrain<IRecognitionRounds>(IRecognitionRounds.Key).GetAsOf(), [.. places], Next(afterRank, limit, places.Count));
    }

    private static int Bounded(long afterRank, int limit) => (int)Math.Clamp(IRecognitionGrain.LowestRank - afterRank, 0, limit);

    private static string? Next(long afterRank, int limit, int count) => count == limit && afterRank + count < IRecognitionGrain.LowestRank ? $"{afterRank + count}" : null;

    private static Refusal NotTheirs => new(Refusal.Forbidden, "This wallet belongs to somebody else.");
}
