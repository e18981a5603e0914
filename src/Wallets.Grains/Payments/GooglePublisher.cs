using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Wallets.Grains.Payments;

/// <summary>
/// The part of Google Play's publisher API that is needed, as a service account. When it does not answer, and when its answer makes no sense,
/// Google is unavailable.
/// </summary>
internal sealed class GooglePublisher : IDisposable
{
    private const string Scope = "https://www.googleapis.com/auth/androidpublisher";
    private static readonly TimeSpan TokenMargin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AssertionLifetime = TimeSpan.FromMinutes(10);

    private readonly GoogleOptions _options;
    private readonly TimeProvider _time;
    private readonly GoogleServiceAccount _account;
    private readonly RSA _key = RSA.Create();
    private readonly StoreHttp _http;
    private readonly SemaphoreSlim _fetchingToken = new(1, 1);
    private AccessToken? _token;

    private sealed record AccessToken(string Token, DateTimeOffset GoodUntil);

    public GooglePublisher(GoogleOptions options, StoreHttp http, TimeProvider time)
    {
        (_options, _time, _http) = (options, time, http);
        _account = GoogleServiceAccount.Read(options.ServiceAccountFile);
        _key.ImportFromPem(_account.PrivateKey);
    }

    /// <summary>The purchase, or null if Google knows no such one.</summary>
    public async Task<GooglePurchase?> Find(string productId, string token)
    {
        using var answer = await Send(HttpMethod.Get, PathOf(productId, token));
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest or HttpStatusCode.Gone) return null;
        return answer.IsSuccessStatusCode && PaymentsJson.Read(await answer.Content.ReadAsByteArrayAsync(), PaymentsJson.Default.GooglePurchase) is { PurchaseState: not null } purchase
            ? purchase
            : throw _http.Unavailable($"answers {(int)answer.StatusCode}, which makes no sense");
    }

    /// <summary>False if Google does not let it be consumed, which may be because it is.</summary>
    public async Task<bool> Consume(string productId, string token)
    {
        using var answer = await Send(HttpMethod.Post, $"{PathOf(productId, token)}:consume");
        if (answer.IsSuccessStatusCode) return true;
        return answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict ? false : throw _http.Unavailable($"answers {(int)answer.StatusCode}");
    }

    private string PathOf(string productId, string token) =>
        $"androidpublisher/v3/applications/{Uri.EscapeDataString(_options.PackageName)}/purchases/products/{Uri.EscapeDataString(productId)}/tokens/{Uri.EscapeDataString(token)}";

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path)
    {
        var answer = await SendOnce(method, path, await GetToken());
        if (answer.StatusCode != HttpStatusCode.Unauthorized) return answer;

        answer.Dispose();
        _token = null;   // taken back before its time
        return await SendOnce(method, path, await GetToken());
    }

    private Task<HttpResponseMessage> SendOnce(HttpMethod method, string path, string token) => _http.Ask(() =>
    {
        var request = new HttpRequestMessage(method, new Uri(_options.BaseUrl, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    });

    /// <summary>An access token for a signed statement of who asks (RFC 7523), kept until shortly before its end.</summary>
    private async Task<string> GetToken()
    {
        await _fetchingToken.WaitAsync();
        try
        {
            var now = _time.GetUtcNow();
            if (_token is { } kept && now < kept.GoodUntil) return kept.Token;

            var url = _options.TokenUrl ?? new Uri(_account.TokenUri);
            using var answer = await _http.Ask(() => new HttpRequestMessage(HttpMethod.Post, url)
            {
                Content = new FormUrlEncodedContent([new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), new("assertion", Assertion(now))]),
            });
            if (!answer.IsSuccessStatusCode || PaymentsJson.Read(await answer.Content.ReadAsByteArrayAsync(), PaymentsJson.Default.GoogleAccessToken) is not { AccessToken: { } token, ExpiresIn: var lifetime })
                throw _http.Unavailable($"gives no access token ({(int)answer.StatusCode})");
            _token = new(token, now + TimeSpan.FromSeconds(lifetime) - TokenMargin);
            return token;
        }
        finally
        {
            _fetchingToken.Release();
        }
    }

    private string Assertion(DateTimeOffset now)
    {
        var header = new { alg = "RS256", typ = "JWT", kid = _account.PrivateKeyId };
        var claims = new
        {
            iss = _account.ClientEmail,
            scope = Scope,
            aud = _account.TokenUri,
            iat = now.ToUnixTimeSeconds(),
            exp = (now + AssertionLifetime).ToUnixTimeSeconds(),
        };
        return Jws.Write(header, claims, signed => _key.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    public void Dispose()
    {
        _key.Dispose();
        _http.Dispose();
        _fetchingToken.Dispose();
    }
}
