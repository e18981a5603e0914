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

/// <summary>
/// Google's side as a real HTTP server: access tokens for a service account's signed statement, the publisher API, and the keys of push
/// tokens. It checks what it is sent as Google does, and can be told to fail.
/// </summary>
internal sealed class PlayStore : IAsyncDisposable
{
    public const string PushSecret = "a-secret-of-the-push-endpoint-0123456789";
    private const string PushAudience = "https://wallets.example/push";
    private const string PushAccount = "push@example.iam.gserviceaccount.com";
    private const string Account = "wallets@example.iam.gserviceaccount.com";

    private readonly WebApplication _server;
    private readonly RSA _accountKey = RSA.Create(2048);
    private readonly RSA _pushKey = RSA.Create(2048);
    private readonly string _folder;
    private readonly TaskCompletionSource _asked = new();
    private string _accessToken = "";

    private PlayStore(string folder, string url)
    {
        (_folder, Url) = (folder, url);
        _server = OutsideServer.Build(url);
        _server.MapPost("/token", GiveToken);
        _server.MapGet("/certs", () => Results.Json(new { keys = new[] { new { kid = "push-1", kty = "RSA", n = Base64Url.EncodeToString(_pushKey.ExportParameters(false).Modulus), e = Base64Url.EncodeToString(_pushKey.ExportParameters(false).Exponent) } } }));
        _server.MapGet("/androidpublisher/v3/applications/com.example.live/purchases/products/{product}/tokens/{token}", Find);
        _server.MapPost("/androidpublisher/v3/applications/com.example.live/purchases/products/{product}/tokens/{token}:consume", Consume);
    }

    public string Url { get; }

    /// <summary>What was bought, by purchase token.</summary>
    public ConcurrentDictionary<string, Dictionary<string, object?>> Purchases { get; } = new();

    public ConcurrentQueue<string> Consumed { get; } = new();
    public int TokensGiven;

    /// <summary>The status that so many of the next calls get; only those whose path contains <see cref="FailingPath"/>.</summary>
    public int FailWith { get; set; } = 503;
    public int FailNext;
    public string FailingPath { get; set; } = "";

    public GoogleOptions Options
    {
        get
        {
            var file = Path.Combine(_folder, "service-account.json");
            File.WriteAllText(file, JsonSerializer.Serialize(new { type = "service_account", client_email = Account, private_key = _accountKey.ExportPkcs8PrivateKeyPem(), private_key_id = "key-1", token_uri = $"{Url}/token" }));
            return new GoogleOptions
            {
                PackageName = "com.example.live",
                ServiceAccountFile = file,
                BaseUrl = new Uri($"{Url}/"),
                PushSecret = PushSecret,
                PushAudience = PushAudience,
                PushServiceAccount = PushAccount,
                PushKeysUrl = new Uri($"{Url}/certs"),
            };
        }
    }

    /// <summary>Awaited before the publisher API answers about a purchase.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Somebody has asked about a purchase.</summary>
    public Task Asked => _asked.Task;

    public static async Task<PlayStore> Start(Databases databases)
    {
        var store = new PlayStore(databases.NewFolder(), $"http://127.0.0.1:{Ports.Free()}");
        await store._server.StartAsync();
        return store;
    }

    /// <summary>A purchase of a pack; <paramref name="change"/> makes it wrong. Gives the purchase token.</summary>
    public string Sell(string userId, string packId, Action<Dictionary<string, object?>>? change = null)
    {
        var token = $"token.{Guid.NewGuid():N}";
        var purchase = new Dictionary<string, object?>
        {
            ["kind"] = "androidpublisher#productPurchase",
            ["productId"] = packId.Replace('-', '_'),
            ["purchaseTimeMillis"] = "1700000000000",
            ["purchaseState"] = 0,
            ["consumptionState"] = 0,
            ["orderId"] = $"GPA.{Guid.NewGuid():N}",
            ["obfuscatedExternalAccountId"] = AccountToken.Of(userId, AccountNaming.Uuid5),
        };
        change?.Invoke(purchase);
        Purchases[token] = purchase;
        return token;
    }

    /// <summary>What Pub/Sub pushes.</summary>
    public static string Push(object notification, string? messageId = null, string package = "com.example.live")
    {
        var fields = JsonSerializer.SerializeToNode(notification)!.AsObject();
        fields["version"] = "1.0";
        fields["packageName"] = package;
        fields["eventTimeMillis"] = "1700000000000";
        var data = Convert.ToBase64String(Encoding.UTF8.GetBytes(fields.ToJsonString()));
        return JsonSerializer.Serialize(new { message = new { data, messageId = messageId ?? $"{Random.Shared.NextInt64(1, long.MaxValue)}" }, subscription = "projects/p/subscriptions/s" });
    }

    public static string Announced(string token, string packId, string? messageId = null) =>
        Push(new { oneTimeProductNotification = new { version = "1.0", notificationType = 1, purchaseToken = token, sku = packId.Replace('-', '_') } }, messageId);

    public static string Voided(string token, string? messageId = null, int refundType = 1) =>
        Push(new { voidedPurchaseNotification = new { purchaseToken = token, orderId = "GPA.1", productType = 2, refundType } }, messageId);

    /// <summary>Several packs at once; gives the purchase token.</summary>
    public string SellMany(string userId, string packId, int quantity) => Sell(userId, packId, purchase => purchase["quantity"] = purchase["refundableQuantity"] = quantity);

    /// <summary>Gives some of the packs back, and what it pushes of it.</summary>
    public string Void(string token, int packs)
    {
        Purchases[token]["refundableQuantity"] = (int)Purchases[token]["refundableQuantity"]! - packs;
        return Voided(token, refundType: 2);
    }

    /// <summary>The header that a signed push carries.</summary>
    public string PushToken(string audience = PushAudience, string email = PushAccount, TimeSpan? age = null)
    {
        var now = TimeProvider.System.GetUtcNow() - (age ?? TimeSpan.Zero);
        var claims = new { iss = "https://accounts.google.com", aud = audience, email, email_verified = true, iat = now.ToUnixTimeSeconds(), exp = now.AddHours(1).ToUnixTimeSeconds() };
        var signed = $"{Encode(new { alg = "RS256", kid = "push-1", typ = "JWT" })}.{Encode(claims)}";
        return $"Bearer {signed}.{Base64Url.EncodeToString(_pushKey.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));

    private async Task<IResult> GiveToken(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        var parts = form["assertion"].ToString().Split('.');
        var isSigned = parts.Length == 3 && _accountKey.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        if (!isSigned || form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer") return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        if (claims.GetProperty("iss").GetString() != Account || claims.GetProperty("aud").GetString() != $"{Url}/token" || claims.GetProperty("scope").GetString() != "https://www.googleapis.com/auth/androidpublisher")
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);

        _accessToken = $"access-{Interlocked.Increment(ref TokensGiven)}";
        return Results.Json(new { access_token = _accessToken, expires_in = 3599, token_type = "Bearer" });
    }

    private async Task<IResult> Find(HttpRequest request, string product, string token)
    {
        _asked.TrySetResult();
        await Gate;
        if (Fails(request) is { } failure) return failure;
        return Purchases.TryGetValue(token, out var purchase) ? Results.Json(purchase) : Results.Json(new { error = new { code = 404 } }, statusCode: 404);
    }

    /// <summary>As Google does, it does not let a purchase be consumed twice.</summary>
    private IResult Consume(HttpRequest request, string product, string token)
    {
        if (Fails(request) is { } failure) return failure;
        if (!Purchases.TryGetValue(token, out var purchase) || purchase["consumptionState"] is 1) return Results.Json(new { error = new { code = 400 } }, statusCode: 400);
        purchase["consumptionState"] = 1;
        Consumed.Enqueue(token);
        return Results.StatusCode(204);
    }

    private IResult? Fails(HttpRequest request)
    {
        if (request.Headers.Authorization != $"Bearer {_accessToken}") return Results.StatusCode(401);
        return request.Path.Value!.Contains(FailingPath, StringComparison.Ordinal) && Interlocked.Decrement(ref FailNext) >= 0 ? Results.StatusCode(FailWith) : null;
    }

    /// <summary>Forgets the access token it gave, as Google may at any time.</summary>
    public void RevokeAccess() => _accessToken = "revoked";

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _accountKey.Dispose();
        _pushKey.Dispose();
    }
}
