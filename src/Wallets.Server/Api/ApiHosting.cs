using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Scalar.AspNetCore;
using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

/// <summary>The HTTP API: its JSON rules, its errors, its documents and its routes.</summary>
internal static class ApiHosting
{
    private const long MaxBodyBytes = 64 * 1024;

    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
    }

    public static void AddApi(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            json.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.RespectRequiredConstructorParameters = true;
            json.RespectNullableAnnotations = true;
            json.AllowDuplicateProperties = false;
            json.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
        });
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi("v1", ApiDocument.Configure);
        builder.Services.AddSignalR().AddJsonProtocol(options => options.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        builder.Services.AddSingleton<StatementExport>();
        builder.Services.AddSingleton<LiveFeed>();
        builder.Services.AddHostedService(services => services.GetRequiredService<LiveFeed>());
    }

    public static void MapApi(this WebApplication app, Settings settings)
    {
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.MapScalarApiReference("/docs", options => options.WithTitle("Wallets")).AllowAnonymous();

        var v1 = app.MapGroup("/v1").AddEndpointFilter(IdsAreWellFormed);
        v1.MapCatalog();
        v1.MapWallets();
        v1.MapStreams();
        v1.MapRecognition();
        v1.MapMatches();
        v1.MapCreators();
        v1.MapPayouts();
        v1.MapAdmin();
        v1.MapStatements();
        v1.MapFinance();
        v1.MapWebhooks();
        v1.MapNotifications();
        app.MapHub<LiveHub>("/live").AllowAnonymous();
        if (settings.IsDevelopment) app.MapDevTokens();
    }

    /// <summary>Ids in paths are checked once, here.</summary>
    private static ValueTask<object?> IdsAreWellFormed(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        foreach (var name in (ReadOnlySpan<string>)["userId", "creatorId"])
            if (context.HttpContext.Request.RouteValues.TryGetValue(name, out var id) && !Identifier.IsValid(id as string))
                throw new BadInputException("invalid_id", $"{name} must be 1 to {Identifier.MaxLength} of A-Z a-z 0-9 . _ : @ -");
        return next(context);
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PurchaseRequest))]
[JsonSerializable(typeof(GiftRequest))]
[JsonSerializable(typeof(StreakRequest))]
[JsonSerializable(typeof(Streak))]
[JsonSerializable(typeof(StreamRequest))]
[JsonSerializable(typeof(PayoutRequest))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(Purchase))]
[JsonSerializable(typeof(GiftReceipt))]
[JsonSerializable(typeof(WalletBalance))]
[JsonSerializable(typeof(EarningsBalance))]
[JsonSerializable(typeof(Payout))]
[JsonSerializable(typeof(Page<Payout>))]
[JsonSerializable(typeof(PayoutCase))]
[JsonSerializable(typeof(Page<PayoutCase>))]
[JsonSerializable(typeof(PayoutProfile))]
[JsonSerializable(typeof(DecisionRequest))]
[JsonSerializable(typeof(ResolutionRequest))]
[JsonSerializable(typeof(ProfileRequest))]
[JsonSerializable(typeof(IdentityEvent))]
[JsonSerializable(typeof(StreamView))]
[JsonSerializable(typeof(StreamFrame))]
[JsonSerializable(typeof(Page<ListedStream>))]
[JsonSerializable(typeof(RateCard))]
[JsonSerializable(typeof(AuditView))]
[JsonSerializable(typeof(ActOrder))]
[JsonSerializable(typeof(ActView))]
[JsonSerializable(typeof(RejectionRequest))]
[JsonSerializable(typeof(GrantRequest))]
[JsonSerializable(typeof(Grant))]
[JsonSerializable(typeof(CampaignView))]
[JsonSerializable(typeof(Page<ActStep>))]
[JsonSerializable(typeof(NotificationReceipt))]
[JsonSerializable(typeof(NotificationView))]
[JsonSerializable(typeof(CloseRequest))]
[JsonSerializable(typeof(Page<NotificationView>))]
[JsonSerializable(typeof(Page<GiftAnswer>))]
[JsonSerializable(typeof(Page<CatalogVersion>))]
[JsonSerializable(typeof(RecognitionRules))]
[JsonSerializable(typeof(AnonymityRequest))]
[JsonSerializable(typeof(LevelView))]
[JsonSerializable(typeof(Board<CreatorPlace>))]
[JsonSerializable(typeof(Board<ViewerPlace>))]
[JsonSerializable(typeof(Page<Collected>))]
[JsonSerializable(typeof(Page<SentGifts>))]
[JsonSerializable(typeof(FanClub))]
[JsonSerializable(typeof(Membership))]
[JsonSerializable(typeof(Anonymity))]
[JsonSerializable(typeof(MatchRequest))]
[JsonSerializable(typeof(MatchStreamRequest))]
[JsonSerializable(typeof(MatchView))]
[JsonSerializable(typeof(MatchAudit))]
[JsonSerializable(typeof(Page<PackAnswer>))]
[JsonSerializable(typeof(Page<RateCard>))]
[JsonSerializable(typeof(Page<StatementLine>))]
[JsonSerializable(typeof(PlatformLine))]
[JsonSerializable(typeof(MoneyReceipt))]
[JsonSerializable(typeof(Page<DayTotals>))]
internal sealed partial class ApiJson : JsonSerializerContext;
