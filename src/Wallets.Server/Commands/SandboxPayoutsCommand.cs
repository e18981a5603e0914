using System.Text;
using System.Text.Json;
using Wallets.Server.Payouts;

namespace Wallets.Server.Commands;

/// <summary>
/// A payout provider to try things with: a real HTTP server that speaks as one and pays nobody. <c>PUT /control/behaviour</c> tells it how
/// to misbehave, <c>GET /control/transfers</c> lists what it would have paid. It keeps everything in memory.
/// </summary>
internal static class SandboxPayoutsCommand
{
    public static async Task<int> Run(string[] args, CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ProviderJson.Default));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        await using var app = builder.Build();
        Map(app, new SandboxProvider());
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"Sandbox of a payout provider on {string.Join(", ", app.Urls)}; it pays nobody."));
        await app.RunAsync(stop);
        return 0;
    }

    private static void Map(WebApplication app, SandboxProvider provider)
    {
        app.MapPost("/payouts", async (HttpContext http, PayoutOrder order) =>
        {
            var key = http.Request.Headers["Idempotency-Key"].ToString();
            if (key.Length == 0) return Results.BadRequest();
            var behaviour = provider.Behaviour;
            var report = provider.Take(key, order);
            return behaviour.Order switch
            {
                "error" => Results.StatusCode(500),
                "drop" or "lose" or "twice" => Cut(http),
                "hang" => await Hang(http),
                _ => await Answer(http, behaviour, report!),
            };
        });
        app.MapGet("/payouts/{key}", async (HttpContext http, string key) =>
        {
            var behaviour = provider.Behaviour;
            return behaviour.Look switch
            {
                "error" => Results.StatusCode(500),
                "drop" => Cut(http),
                "hang" => await Hang(http),
                _ => provider.Find(key) is { } report
                    ? await Answer(http, behaviour, report)
                    : Results.Json(new PayoutReport(null, null, null, null, null, null, null, PayoutReport.NotFoundCode, null), statusCode: 404),
            };
        });
        app.MapPut("/control/behaviour", (SandboxBehaviour behaviour) =>
        {
            if (!behaviour.IsKnown) return Results.BadRequest("Unknown behaviour.");
            provider.Behaviour = behaviour;
            return Results.Ok(behaviour);
        });
        app.MapGet("/control/transfers", () => provider.Transfers);
        app.MapGet("/control/orders", () => provider.OrdersReceived);
        app.MapGet("/health/ready", () => "ready");
    }

    private static IResult Cut(HttpContext http)
    {
        http.Abort();
        return Results.Empty;
    }

    private static async Task<IResult> Hang(HttpContext http)
    {
        await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);   // until the caller has given up
        return Results.Empty;
    }

    private static async Task<IResult> Answer(HttpContext http, SandboxBehaviour behaviour, PayoutReport report)
    {
        await Task.Delay(behaviour.DelayMs, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var text = JsonSerializer.Serialize(behaviour.Nonsense switch
        {
            "status" => report with { Status = "maybe" },
            "amount" => report with { AmountMinor = report.AmountMinor + 1, PaidOutMinor = report.PaidOutMinor + 1 },
            "currency" => report with { Currency = "XXX" },
            "key" => report with { IdempotencyKey = "another" },
            "empty" => new PayoutReport(null, null, null, null, null, null, null, null, null),
            _ => report,
        }, ProviderJson.Default.PayoutReport);
        return behaviour.Nonsense switch
        {
            "html" => Results.Text("<html>Maintenance</html>", "text/html"),
            "json" => Results.Text(text[..(text.Length / 2)], "application/json", Encoding.UTF8),
            _ => Results.Text(text, "application/json", Encoding.UTF8),
        };
    }
}
