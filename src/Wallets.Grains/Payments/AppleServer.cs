using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;

namespace Wallets.Grains.Payments;

/// <summary>The part of the App Store Server API that is needed: what became of a purchase whose refund Apple decides about.</summary>
internal sealed class AppleServer : IDisposable
{
    private const string Audience = "appstoreconnect-v1";
    private const int WholeInMilliPercent = 100_000;
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(5);

    private readonly AppleOptions _options;
    private readonly AppleServerOptions _server;
    private readonly TimeProvider _time;
    private readonly ECDsa _key = ECDsa.Create();
    private readonly StoreHttp _http = new("The App Store");

    public AppleServer(AppleOptions options, AppleServerOptions server, TimeProvider time)
    {
        (_options, _server, _time) = (options, server, time);
        _key.ImportFromPem(File.ReadAllText(server.KeyFile));
    }

    /// <summary>
    /// Sends consumption information about a transaction: that it was delivered, and how much of it is spent. No preference is stated; the store
    /// decides. False if the store does not take it.
    /// </summary>
    public async Task<bool> SendConsumption(string transactionId, PaymentUse use)
    {
        var url = new Uri(_server.BaseUrl ?? DefaultUrl, $"inApps/v2/transactions/consumption/{Uri.EscapeDataString(transactionId)}");
        var consumption = new AppleConsumption(CustomerConsented: true, "DELIVERED", SampleContentProvided: false, (int)((Int128)(use.Bought - use.Left) * WholeInMilliPercent / use.Bought));
        using var answer = await _http.Ask(() =>
        {
            var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = JsonContent.Create(consumption, PaymentsJson.Default.AppleConsumption) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token());
            return request;
        });
        if (answer.IsSuccessStatusCode) return true;
        return answer.StatusCode == HttpStatusCode.Unauthorized || StoreHttp.IsPassing(answer.StatusCode) ? throw _http.Unavailable($"answers {(int)answer.StatusCode}") : false;
    }

    private Uri DefaultUrl => new(_options.Environment == AppleOptions.Production ? "https://api.storekit.apple.com/" : "https://api.storekit-sandbox.apple.com/");

    /// <summary>A new one for each request, as Apple asks for.</summary>
    private string Token()
    {
        var now = _time.GetUtcNow();
        var claims = new { iss = _server.IssuerId, iat = now.ToUnixTimeSeconds(), exp = (now + TokenLifetime).ToUnixTimeSeconds(), aud = Audience, bid = _options.BundleId };
        return Jws.Write(new { alg = "ES256", kid = _server.KeyId, typ = "JWT" }, claims, signed => _key.SignData(signed, HashAlgorithmName.SHA256));
    }

    public void Dispose()
    {
        _key.Dispose();
        _http.Dispose();
    }
}

/// <param name="ConsumptionPercentage">In thousandths of a percent.</param>
internal sealed record AppleConsumption(bool CustomerConsented, string DeliveryStatus, bool SampleContentProvided, int ConsumptionPercentage);
