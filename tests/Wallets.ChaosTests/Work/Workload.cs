namespace Wallets.ChaosTests.Work;

/// <summary>
/// Viewers who buy, send, retry, overdraw and reuse keys, creators who cash out, operators who adjust, freeze and give coins of campaigns,
/// and a checkout that tells of payments and disputes, by whichever door answers. A caller whose outcome is not known asks again with
/// the same key until it is, or its deadline is over.
/// </summary>
internal sealed partial class Workload(IReadOnlyList<HttpDoor> http, GrainDoor grains, History history, int seed, int callers, double rate, TimeSpan patience) : IDisposable
{
    private const int Viewers = 40;
    private const int Creators = 6;   // the first one is hot
    private const string Pack = "coins-16500";
    private const long PackCoins = 16_500;

    /// <summary>Gifts by id and price, as the catalogue's document has them. The last one is dear.</summary>
    private static readonly (string Id, long Price)[] Gifts = [("rose", 1), ("coffee", 5), ("ice-cream", 10), ("cap", 99), ("swan", 1_500)];

    private readonly IReadOnlyList<IDoor> _doors = [.. http, grains];
    private readonly Guid[] _streams = new Guid[Creators];
    private readonly Guid[] _first = [.. Enumerable.Range(0, Viewers).Select(_ => Guid.CreateVersion7())];

    public IReadOnlyList<string> Wallets { get; } = [.. Enumerable.Range(0, Viewers).Select(n => $"viewer-{n}"), .. Enumerable.Range(0, Payers).Select(n => $"payer-{n}"), .. Enumerable.Range(0, Savers).Select(n => $"saver-{n}")];
    public IReadOnlyList<string> CreatorNames { get; } = [.. Enumerable.Range(0, Creators).Select(n => $"creator-{n}")];

    /// <summary>Names everyone, starts the streams and gives each wallet its first coins.</summary>
    public async Task Prepare()
    {
        foreach (var door in http) await door.Introduce(Wallets.Select(name => (name, "viewer")).Concat(CreatorNames.Select(name => (name, "creator"))).Append((HttpDoor.Operator, "operator")).Append((HttpDoor.Approver, "operator")));
        for (var n = 0; n < Creators; n++) _streams[n] = await http[0].StartStream(CreatorNames[n]);
        var first = await Task.WhenAll(Wallets.Take(Viewers).Select((viewer, n) => Buy(viewer, _first[n], $"dev:first-{n}", n)));
        if (!first.All(end => end == End.Ok)) throw new InvalidOperationException("A whole cluster does not sell coins.");
    }

    /// <summary>All callers at once, until they are told to stop; each then ends what it has begun.</summary>
    public Task Run(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => Run(caller, stop), CancellationToken.None)));

    /// <summary>One caller; some of them share a viewer.</summary>
    private async Task Run(int caller, CancellationToken stop)
    {
        var random = new Random(HashCode.Combine(seed, caller));
        var used = new List<Func<Task>>();
        var bought = new List<Guid> { _first[caller % Viewers] };
        while (!stop.IsCancellationRequested)
        {
            await Act(random, Wallets[caller % Viewers], Wallets[(caller + 1) % Viewers], used, bought);
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 2 * callers / rate), CancellationToken.None), Task.Delay(Timeout.Infinite, stop));
        }
    }

    private async Task Act(Random random, string viewer, string other, List<Func<Task>> used, List<Guid> bought)
    {
        var key = Guid.CreateVersion7();
        var creator = random.Next(2) == 0 ? 0 : random.Next(Creators);
        var gift = Gifts[random.Next(Gifts.Length - 1)];
        var quantity = random.Next(1, 10);
        var at = random.Next(_doors.Count);
        Task Send(string from, int pieces, int door) => Give(from, key, creator, gift, pieces, door);

        switch (random.Next(100))
        {
            case < 70:
                await Send(viewer, quantity, at);
                used.Add(() => Send(viewer, quantity, at));
                break;
            case < 76:
                if (await Buy(viewer, key, $"dev:{key}", at) == End.Ok) bought.Add(key);
                used.Add(() => Buy(other, Guid.CreateVersion7(), $"dev:{key}", at));   // somebody else's proof
                break;
            case < 77:   // sometimes one that is refunded already
                var purchase = bought[random.Next(bought.Count)];
                await GiveBack(viewer, key, purchase, at);
                used.Add(() => GiveBack(viewer, key, purchase, at + 1));
                break;
            case < 78:
                await Operate(random, key, at);
                break;
            case < 79:
                await PayByCheckout(random, at);
                break;
            case < 81:
                await CashOut(CreatorNames[random.Next(Creators)], key, random.Next(1, 200), at);
                break;
            case < 87 when used.Count > 0:
                await used[random.Next(used.Count)]();
                break;
            case < 90:   // a key reused with other content
                await Send(viewer, quantity, at);
                await Send(viewer, quantity + 1, at);
                break;
            case < 94:   // an overdraft
                await Give(viewer, key, creator, Gifts[^1], 9_999, at);
                break;
            case < 95:   // a hundred callers with one key
                await Task.WhenAll(Enumerable.Range(0, 100).Select(n => Send(viewer, quantity, n)));
                break;
            default:     // two senders with one key
                await Task.WhenAll(Send(viewer, quantity, at), Send(other, quantity, at + 1));
                break;
        }
    }

    /// <summary>Whether every wallet and creator can be asked.</summary>
    public async Task<bool> Answers()
    {
        var wallets = await Task.WhenAll(Wallets.Select((name, n) => http[n % http.Count].CoinsOf(name)));
        var creators = await Task.WhenAll(CreatorNames.Select((name, n) => http[n % http.Count].DiamondsOf(name)));
        return wallets.Concat(creators).All(amount => amount is not null);
    }

    /// <summary>Whether some wallet will change by itself, because coins in it expire, as far as can be told.</summary>
    public async Task<bool> WaitsForExpiry() => (await Task.WhenAll(Wallets.Select((name, n) => http[n % http.Count].HoldsExpiring(name)))).Any(holds => holds is not false);

    /// <summary>Whether a new purchase and a new gift succeed at the first attempt.</summary>
    public async Task<bool> TakesNewGifts()
    {
        var buyer = Wallets[0];
        if (await Buy(buyer, Guid.CreateVersion7(), $"dev:{Guid.NewGuid()}", 0) != End.Ok) return false;
        return await Give(buyer, Guid.CreateVersion7(), 0, Gifts[0], 1, 0) == End.Ok;
    }

    public Task<long> CoinsOf(string viewer) => UntilAnswered(door => door.CoinsOf(viewer));

    public Task<long> DiamondsOf(string creator) => UntilAnswered(door => door.DiamondsOf(creator));

    private async Task<long> UntilAnswered(Func<HttpDoor, Task<long?>> ask)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            if (await ask(http[attempt % http.Count]) is { } amount) return amount;
            await Task.Delay(200);
        }
        throw new InvalidOperationException("A quiet cluster does not answer.");
    }

    private Task<End> Buy(string viewer, Guid key, string proof, int at) =>
        Until(new Wish(Work.Act.Purchase, viewer, key, PackCoins, proof, null), at, door => door.Purchase(viewer, key, "dev", Pack, proof));

    private Task<End> Give(string viewer, Guid key, int creator, (string Id, long Price) gift, int quantity, int at) =>
        Until(new Wish(Work.Act.Gift, viewer, key, gift.Price * quantity, $"{_streams[creator]}/{gift.Id}/{quantity}", CreatorNames[creator]), at,
            door => door.SendGift(viewer, key, _streams[creator], gift.Id, quantity));

    private Task<End> CashOut(string creator, Guid key, long diamonds, int at) =>
        Until(new Wish(Work.Act.Payout, creator, key, diamonds, $"{diamonds}", null), at, door => door.RequestPayout(creator, key, diamonds));

    private Task<End> GiveBack(string viewer, Guid key, Guid purchase, int at) =>
        Until(new Wish(Work.Act.Refund, viewer, key, PackCoins, $"{purchase}", null), at, door => door.Ask(key, Order.Refund(viewer, purchase)));

    /// <summary>Attempts at one door after the other. A refusal after an attempt in doubt decides nothing: the earlier one may still come.</summary>
    private async Task<End> Until(Wish wish, int at, Func<IDoor, Task<Answer>> ask)
    {
        var invokedAt = TimeProvider.System.GetUtcNow();
        var id = history.Invoke(wish, invokedAt);
        string? doubt = null;
        for (var attempt = 1; ; attempt++)
        {
            var answer = await ask(_doors[(at + attempt - 1) % _doors.Count]);
            if (answer.End == End.Unknown) doubt ??= answer.Code;
            var now = TimeProvider.System.GetUtcNow();
            if (answer.End is End.Ok or End.Refused || now - invokedAt > patience)
            {
                var end = answer.End == End.Ok ? End.Ok : doubt is not null ? End.Unknown : answer.End ?? End.Refused;   // out of time and never in doubt: nothing was written
                history.Ended(id, new Operation(wish, invokedAt, now, end, answer.Code, attempt, answer.Balance, doubt));
                return end;
            }
            await Task.Delay(Math.Min(1_000, 50 << Math.Min(attempt, 5)));
        }
    }

    public void Dispose()
    {
        foreach (var door in http) door.Dispose();
    }
}
