using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Wallets.Grains.Payments;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;

namespace Wallets.Tests.Payments;

/// <summary>Apple's side of the App Store Server API as a real HTTP server. It checks who asks and what it is sent, and can be told to fail.</summary>
internal sealed class AppStoreServer : IAsyncDisposable
{
    private const string KeyId = "KEY0000001";
    private const string IssuerId = "57246542-96fe-1a63-e053-0824d011072a";

    private readonly WebApplication _server;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _folder;
    private readonly string _url;

    private AppStoreServer(string folder, string url)
    {
        (_folder, _url) = (folder, url);
        _server = OutsideServer.Build(url);
        _server.MapPut("/inApps/v2/transactions/consumption/{transaction}", TakeConsumption);
    }

    /// <summary>What it was told, as thousandths of a percent, by transaction.</summary>
    public ConcurrentQueue<(string Transaction, int Percentage)> Told { get; } = new();

    /// <summary>The status that so many of the next calls get.</summary>
    public int FailWith { get; set; } = 503;
    public int FailNext;

    public AppleServerOptions Options
    {
        get
        {
            var file = Path.Combine(_folder, "key.p8");
            File.WriteAllText(file, _key.ExportPkcs8PrivateKeyPem());
            return new AppleServerOptions { KeyFile = file, KeyId = KeyId, IssuerId = IssuerId, CustomersConsent = true, BaseUrl = new Uri($"{_url}/") };
        }
    }

    public static async Task<AppStoreServer> Start(Databases databases)
    {
        var server = new AppStoreServer(databases.NewFolder(), $"http://127.0.0.1:{Ports.Free()}");
        await server._server.StartAsync();
        return server;
    }

    private async Task<IResult> TakeConsumption(HttpRequest request, string transaction)
    {
        if (!IsOurs($"{request.Headers.Authorization}")) return Results.StatusCode(401);
        if (Interlocked.Decrement(ref FailNext) >= 0) return Results.StatusCode(FailWith);
        var told = (await JsonDocument.ParseAsync(request.Body)).RootElement;
        var percentage = told.GetProperty("consumptionPercentage").GetInt32();
        if (!told.GetProperty("customerConsented").GetBoolean() || told.GetProperty("deliveryStatus").GetString() != "DELIVERED" || told.GetProperty("sampleContentProvided").GetBoolean() || percentage is < 0 or > 100_000)
            return Results.StatusCode(400);
        Told.Enqueue((transaction, percentage));
        return Results.StatusCode(202);
    }

    private bool IsOurs(string authorization)
    {
        var parts = authorization.Replace("Bearer ", "", StringComparison.Ordinal).Split('.');
        if (parts.Length != 3 || !_key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)) return false;
        var (header, claims) = (JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])).RootElement, JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement);
        var lifetime = claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64();
        return header.GetProperty("alg").GetString() == "ES256" && header.GetProperty("kid").GetString() == KeyId && lifetime is > 0 and <= 3600
            && claims.GetProperty("iss").GetString() == IssuerId && claims.GetProperty("aud").GetString() == "appstoreconnect-v1" && claims.GetProperty("bid").GetString() == "com.example.live";
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _key.Dispose();
    }
}
