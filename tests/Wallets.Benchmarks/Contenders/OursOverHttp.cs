using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>This system over HTTP: this process sends requests to a gateway in a second one, which calls the silo in a third.</summary>
internal sealed class OursOverHttp : IContender
{
    private const int AtOnce = 64;
    private const int MostAttempts = 10;

    /// <summary>More than callers at once in any closed loop. In an open one that falls behind, what comes on top waits, and waiting counts; a connection for each would exhaust the files that a process may have.</summary>
    private const int MostConnections = 4_096;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(12);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Sends as it is told: the client that is usual adds headers, timers and copies of bodies, for which a generator of load has no use.</summary>
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null, MaxConnectionsPerServer = MostConnections });
    private WalletsCluster? _cluster;
    private OurLedger? _ledger;
    private Uri[] _giftUrls = [];
    private AuthenticationHeaderValue[] _tokens = [];
    private byte[][] _bodies = [];
    private long _acknowledged;

    public string Name => Names.OursOverHttp;
    public string Description => "this system over HTTP: one gateway, one silo";
    public int GiftsPerSend => 1;
    public IReadOnlyList<int> Levels => [64, 256, 512, 1_024, 2_048];
    public PostgresServer Postgres => _cluster!.Postgres;
    public IReadOnlyDictionary<string, int> Pids => _cluster!.Pids;

    public async Task Prepare(Population population)
    {
        _cluster = await WalletsCluster.Start(silos: 1, gateways: 1);
        _ledger = new OurLedger(Postgres, population);
        await _ledger.Seed();
        var names = Enumerable.Range(0, population.Wallets).Select(OurLedger.WalletName).ToList();
        _giftUrls = [.. names.Select(name => new Uri(_cluster.GatewayUrl, $"/v1/wallets/{name}/gifts"))];
        _tokens = [.. names.Select(name => Token(name, "viewer"))];
        _bodies = new byte[population.Creators][];
        await Concurrently.ForEach(population.Creators, AtOnce, GoLive);
        await Concurrently.ForEach(population.Wallets, AtOnce, async wallet =>
        {
            using var answer = await WhenAvailable(() => new HttpRequestMessage(HttpMethod.Get, new Uri(_cluster.GatewayUrl, $"/v1/wallets/{names[wallet]}")) { Headers = { Authorization = _tokens[wallet] } });
        });
    }

    private async Task GoLive(int creator)
    {
        var name = OurLedger.CreatorName(creator);
        using var answer = await WhenAvailable(() => new HttpRequestMessage(HttpMethod.Post, new Uri(_cluster!.GatewayUrl, "/v1/streams"))
        {
            Headers = { Authorization = Token(name, "creator") },
            Content = JsonContent.Create(new { creatorId = name, title = "Live" }),
        });
        var stream = await answer.Content.ReadFromJsonAsync<JsonElement>();
        _bodies[creator] = JsonSerializer.SerializeToUtf8Bytes(new { streamId = stream.GetProperty("streamId").GetString(), giftId = OurLedger.GiftId, quantity = 1 });
    }

    /// <summary>Asks again while the answer is 503: before anything is measured, a cold server on a busy machine may say so.</summary>
    private async Task<HttpResponseMessage> WhenAvailable(Func<HttpRequestMessage> makeRequest)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = makeRequest();
            var answer = await _http.SendAsync(request, CancellationToken.None);
            if (answer.StatusCode != System.Net.HttpStatusCode.ServiceUnavailable || attempt == MostAttempts) return answer.EnsureSuccessStatusCode();
            answer.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt));
        }
    }

    public async Task Send(ReadOnlyMemory<DrawnGift> gifts)
    {
        var gift = gifts.Span[0];
        using var body = new ByteArrayContent(_bodies[gift.Creator]) { Headers = { ContentType = Json } };
        using var request = new HttpRequestMessage(HttpMethod.Post, _giftUrls[gift.Wallet]) { Headers = { Authorization = _tokens[gift.Wallet] }, Content = body };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", gift.Key.ToString());
        using var answer = await _http.SendAsync(request, CancellationToken.None);
        if ((int)answer.StatusCode != 201) throw new InvalidOperationException($"A gift was not taken: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        await answer.Content.CopyToAsync(Stream.Null);
        Interlocked.Increment(ref _acknowledged);
    }

    public Task Settle() => OurSettlement.Await(_ledger!, () => Volatile.Read(ref _acknowledged));

    /// <summary>A token as the issuer that the servers are configured with would sign it.</summary>
    private AuthenticationHeaderValue Token(string subject, string role)
    {
        var now = TimeProvider.System.GetUtcNow();
        var head = Base64Url("""{"alg":"HS256","typ":"JWT"}"""u8);
        var claims = Base64Url(JsonSerializer.SerializeToUtf8Bytes(new
        {
            sub = subject,
            roles = new[] { role },
            iss = WalletsCluster.Issuer,
            aud = "wallets",
            iat = now.ToUnixTimeSeconds(),
            nbf = now.ToUnixTimeSeconds(),
            exp = (now + TokenLifetime).ToUnixTimeSeconds(),
        }));
        var signature = HMACSHA256.HashData(_cluster!.SigningKey, Encoding.ASCII.GetBytes($"{head}.{claims}"));
        return new AuthenticationHeaderValue("Bearer", $"{head}.{claims}.{Base64Url(signature)}");
    }

    private static string Base64Url(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
