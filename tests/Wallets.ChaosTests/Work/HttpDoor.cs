using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets.ChaosTests.Work;

/// <summary>The API at one gateway, by its documents alone: no type of the server's is used here.</summary>
internal sealed class HttpDoor(Uri gateway) : IDoor, IDisposable
{
    public const string Operator = "operator";
    public const string Approver = "approver";

    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(12);
    private const int MostAttempts = 20;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly HttpClient _http = new() { BaseAddress = gateway, Timeout = AttemptTimeout };
    private readonly Dictionary<string, string> _tokens = [];

    /// <summary>Gets a token for everyone who will act; before anything else.</summary>
    public async Task Introduce(IEnumerable<(string Name, string Role)> people)
    {
        foreach (var (name, role) in people)
        {
            var answer = await _http.PostAsJsonAsync("/dev/token", new { sub = name, roles = new[] { role } });
            _tokens[name] = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        }
    }

    public Task<Answer> Purchase(string user, Guid key, string channel, string pack, string proof) =>
        Post($"/v1/wallets/{user}/purchases", user, key, new { packId = pack, channel, proof });

    public Task<Answer> SendGift(string user, Guid key, Guid stream, string gift, int quantity) =>
        Post($"/v1/wallets/{user}/gifts", user, key, new { streamId = stream, giftId = gift, quantity });

    public Task<Answer> RequestPayout(string creator, Guid key, long diamonds) =>
        Post($"/v1/creators/{creator}/payouts", creator, key, new { diamonds });

    public async Task<Answer> Ask(Guid key, Order order)
    {
        var asked = await Post("/v1/admin/acts", Operator, key, order, EndOf);
        return asked.Code == "act_awaiting_approval" ? await Post($"/v1/admin/acts/{key}/approve", Approver, null, new { }, EndOf) : asked;
    }

    public Task<Answer> Grant(string campaign, string user) => Post($"/v1/campaigns/{campaign}/grants", Operator, null, new { userId = user });

    public Task<Answer> Tell(string body) => Post("/v1/webhooks/web", null, null, body);

    /// <summary>How much of a campaign's budget is taken, or null if there is no answer now.</summary>
    public async Task<long?> TakenOf(string campaign) => (await Get($"/v1/campaigns/{campaign}", Operator))?.GetProperty("given").GetInt64();

    private static Answer EndOf(JsonElement act) => EndOf(act.GetProperty("status").GetString()!, act.TryGetProperty("result", out var result) ? result.GetString() : null);

    /// <summary>How an act ended by its status; a refusal's code comes before its words.</summary>
    public static Answer EndOf(string status, string? result) => status switch
    {
        "applied" => new(End.Ok, ""),
        "refused" => new(End.Refused, result!.Split(':')[0]),
        _ => new(End.Unknown, $"act_{status}"),
    };

    /// <summary>Before anything is broken; a cluster that is still cold may answer that it is busy.</summary>
    public async Task<Guid> StartStream(string creator)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (status, body) = await Send(HttpMethod.Post, "/v1/streams", creator, null, new { creatorId = creator, title = "Chaos" });
            if (status == 201) return body.GetProperty("streamId").GetGuid();
            if (status != 503 || attempt == MostAttempts) throw new InvalidOperationException($"A stream was not started: {status} {body}");
            await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt));
        }
    }

    /// <summary>The coins of a wallet, or null if there is no answer now.</summary>
    public async Task<long?> CoinsOf(string user) => (await Get($"/v1/wallets/{user}", user))?.GetProperty("coins").GetInt64();

    /// <summary>Whether a wallet holds coins that expire, or null if there is no answer now.</summary>
    public async Task<bool?> HoldsExpiring(string user) =>
        (await Get($"/v1/wallets/{user}", user))?.GetProperty("lots").EnumerateArray().Any(lot => lot.GetProperty("bonus").GetInt64() > 0 && lot.TryGetProperty("expiresAt", out var at) && at.ValueKind != JsonValueKind.Null);

    /// <summary>A creator's pending and available diamonds less what is owed, or null if there is no answer now.</summary>
    public async Task<long?> DiamondsOf(string creator)
    {
        if (await Get($"/v1/creators/{creator}/earnings", creator) is not { } body) return null;
        var diamonds = body.GetProperty("diamonds");
        return diamonds.GetProperty("pending").GetInt64() + diamonds.GetProperty("available").GetInt64() - body.GetProperty("owed").GetInt64();
    }

    private async Task<Answer> Post(string path, string? asWhom, Guid? key, object request, Func<JsonElement, Answer>? read = null)
    {
        try
        {
            var (status, body) = await Send(HttpMethod.Post, path, asWhom, key, request);
            if (status is 200 or 201) return read?.Invoke(body) ?? new(End.Ok, "", body.TryGetProperty("balance", out var balance) ? balance.GetInt64() : null);
            var code = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("code", out var named) ? named.GetString()! : $"http_{status}";
            return status < 500 ? new(End.Refused, code) : new(code is "unavailable" or "overloaded" ? null : End.Unknown, code);
        }
        catch (HttpRequestException fault)
        {
            return new(fault.HttpRequestError == HttpRequestError.ConnectionError ? null : End.Unknown, $"http_{fault.HttpRequestError}");
        }
        catch (Exception fault) when (fault is TaskCanceledException or JsonException)
        {
            return new(End.Unknown, fault is JsonException ? "http_cut_off" : "http_timeout");
        }
    }

    private async Task<JsonElement?> Get(string path, string asWhom)
    {
        try
        {
            var (status, body) = await Send(HttpMethod.Get, path, asWhom, null, null);
            return status == 200 ? body : null;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException or JsonException)
        {
            return null;
        }
    }

    private async Task<(int Status, JsonElement Body)> Send(HttpMethod method, string path, string? asWhom, Guid? key, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : ContentOf(body) };
        if (asWhom is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _tokens[asWhom]);
        if (key is { } value) request.Headers.Add("Idempotency-Key", value.ToString());
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>A text is an event, which is signed as it is.</summary>
    private static HttpContent ContentOf(object body)
    {
        if (body is not string text) return JsonContent.Create(body, body.GetType(), options: Json);
        var content = new StringContent(text, Encoding.UTF8, "application/json");
        content.Headers.Add(Checkout.Header, Checkout.Sign(text));
        return content;
    }

    public void Dispose() => _http.Dispose();
}
