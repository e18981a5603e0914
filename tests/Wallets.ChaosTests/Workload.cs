using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Wallets.ChaosTests;

/// <summary>
/// Viewers who buy, send, retry, overdraw and reuse keys, and creators who cash out, over HTTP to whichever gateway answers. A caller
/// whose outcome is unknown asks again with the same key until it knows or its deadline is over.
/// </summary>
internal sealed class Workload(IReadOnlyList<Uri> gateways, History history, int seed)
{
    public const int Viewers = 40;
    public const int Creators = 6;   // the first one is hot
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(12);

    /// <summary>Gifts by id and price, from the catalogue's document, not from the server's code.</summary>
    private static readonly (string Id, long Price)[] Gifts = [("rose", 1), ("coffee", 5), ("ice-cream", 10), ("cap", 99), ("swan", 1_500)];

    private readonly HttpClient[] _clients = [.. gateways.Select(url => new HttpClient { BaseAddress = url, Timeout = AttemptTimeout })];
    private readonly Dictionary<string, string> _tokens = [];
    private readonly string[] _streams = new string[Creators];
    private int _operations;

    public int Count => Volatile.Read(ref _operations);

    public static string ViewerName(int n) => $"viewer-{n}";
    public static string CreatorName(int n) => $"creator-{n}";

    public async Task Prepare()
    {
        foreach (var (name, role) in Enumerable.Range(0, Viewers).Select(n => (ViewerName(n), "viewer")).Concat(Enumerable.Range(0, Creators).Select(n => (CreatorName(n), "creator"))))
        {
            var answer = await _clients[0].PostAsJsonAsync("/dev/token", new { sub = name, roles = new[] { role } });
            _tokens[name] = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        }
        for (var n = 0; n < Creators; n++)
        {
            var (_, body) = await Send(0, HttpMethod.Post, "/v1/streams", CreatorName(n), null, new { creatorId = CreatorName(n), title = "Chaos" });
            _streams[n] = body.GetProperty("streamId").GetString()!;
        }
        await Task.WhenAll(Enumerable.Range(0, Viewers).Select(n => Buy(ViewerName(n), Guid.CreateVersion7(), $"dev:first-{n}", n)));
    }

    /// <summary>One caller; two of them share each viewer.</summary>
    public async Task Run(int caller, CancellationToken stop)
    {
        var random = new Random(HashCode.Combine(seed, caller));
        var viewer = ViewerName(caller % Viewers);
        var used = new List<Func<Task>>();
        while (!stop.IsCancellationRequested)
        {
            var key = Guid.CreateVersion7();
            var creator = random.Next(2) == 0 ? 0 : random.Next(Creators);
            var (gift, price) = Gifts[random.Next(Gifts.Length - 1)];
            var quantity = random.Next(1, 10);
            var at = random.Next(gateways.Count);
            switch (random.Next(100))
            {
                case < 70:
                    await Give(viewer, key, creator, gift, price, quantity, at);
                    used.Add(() => Give(viewer, key, creator, gift, price, quantity, at));
                    break;
                case < 76: await Buy(viewer, key, $"dev:{key}", at); break;
                case < 79: await CashOut(CreatorName(random.Next(Creators)), key, random.Next(1, 200), at); break;
                case < 85 when used.Count > 0: await used[random.Next(used.Count)](); break;                          // an old key
                case < 90:
                    await Give(viewer, key, creator, gift, price, quantity, at);
                    await Give(viewer, key, creator, gift, price, quantity + 1, at);                                   // a key reused with other content
                    break;
                case < 94: await Give(viewer, key, creator, "swan", 1_500, 9_999, at); break;                          // an overdraft
                case < 95: await Task.WhenAll(Enumerable.Range(0, 30).Select(n => Give(viewer, key, creator, gift, price, quantity, n % gateways.Count))); break;
                default: await Task.WhenAll(Give(viewer, key, creator, gift, price, quantity, 0), Give(ViewerName((caller + 1) % Viewers), key, creator, gift, price, quantity, 1)); break;   // two senders, one key
            }
        }
    }

    /// <summary>A gift of nobody's history, to see whether the cluster lives.</summary>
    public async Task<bool> Probe()
    {
        try
        {
            var (status, _) = await Send(Random.Shared.Next(gateways.Count), HttpMethod.Get, $"/v1/wallets/{ViewerName(0)}", ViewerName(0), null, null);
            return status == 200;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    public async Task<long> CoinsOf(string viewer) => (await Ask($"/v1/wallets/{viewer}", viewer)).GetProperty("coins").GetInt64();

    public async Task<long> DiamondsOf(string creator)
    {
        var diamonds = (await Ask($"/v1/creators/{creator}/earnings", creator)).GetProperty("diamonds");
        return diamonds.GetProperty("pending").GetInt64() + diamonds.GetProperty("available").GetInt64();
    }

    private async Task<JsonElement> Ask(string path, string asWhom)
    {
        for (var attempt = 0; ; attempt++)
        {
            var (status, body) = await Send(attempt % gateways.Count, HttpMethod.Get, path, asWhom, null, null);
            if (status == 200) return body;
            if (attempt > 20) throw new InvalidOperationException($"{path} answers {status}");
            await Task.Delay(200);
        }
    }

    private Task Buy(string viewer, Guid key, string proof, int at) =>
        Until(Act.Purchase, viewer, key, 330, proof, null, at, $"/v1/wallets/{viewer}/purchases", new { packId = "coins-330", channel = "dev", proof });

    private Task Give(string viewer, Guid key, int creator, string gift, long price, int quantity, int at) =>
        Until(Act.Gift, viewer, key, price * quantity, $"{_streams[creator]}/{gift}/{quantity}", CreatorName(creator), at,
            $"/v1/wallets/{viewer}/gifts", new { streamId = _streams[creator], giftId = gift, quantity });

    private Task CashOut(string creator, Guid key, long diamonds, int at) =>
        Until(Act.Payout, creator, key, diamonds, diamonds.ToString(), null, at, $"/v1/creators/{creator}/payouts", new { diamonds });

    private async Task Until(Act act, string subject, Guid key, long amount, string content, string? creator, int at, string path, object request)
    {
        var invokedAt = TimeProvider.System.GetUtcNow();
        var startedAt = TimeProvider.System.GetTimestamp();
        var inDoubt = false;
        for (var attempt = 1; ; attempt++)
        {
            var (status, body, detail) = (0, default(JsonElement), "");
            try
            {
                (status, body) = await Send((at + attempt - 1) % gateways.Count, HttpMethod.Post, path, subject, key, request);
                detail = status == 201 ? "" : body.TryGetProperty("code", out var code) ? code.GetString()! : status.ToString();
            }
            catch (HttpRequestException fault)
            {
                detail = fault.HttpRequestError.ToString();
                inDoubt |= fault.HttpRequestError != HttpRequestError.ConnectionError;
            }
            catch (TaskCanceledException)
            {
                (detail, inDoubt) = ("timeout", true);
            }
            inDoubt |= status >= 500 && detail is not ("unavailable" or "overloaded");

            var isOver = TimeProvider.System.GetElapsedTime(startedAt) > Deadline;
            if (status is 201 or (>= 400 and < 500) || isOver)
            {
                var end = status == 201 ? End.Ok : inDoubt || status is 0 or >= 500 ? End.Unknown : End.Refused;
                history.Add(new Operation(act, subject, key, amount, content, creator, invokedAt, TimeProvider.System.GetUtcNow(), end, detail, attempt,
                    status == 201 && body.TryGetProperty("balance", out var balance) ? balance.GetInt64() : null));
                Interlocked.Increment(ref _operations);
                return;
            }
            await Task.Delay(Math.Min(1_000, 50 << Math.Min(attempt, 5)));
        }
    }

    private async Task<(int Status, JsonElement Body)> Send(int gateway, HttpMethod method, string path, string asWhom, Guid? key, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _tokens[asWhom]);
        if (key is { } value) request.Headers.Add("Idempotency-Key", value.ToString());
        using var response = await _clients[gateway].SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }
}
