using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

/// <summary>For operators. An audit of a large ledger takes a while: it is started, and its latest report is asked for.</summary>
internal static class AdminEndpoints
{
    public static void MapAdmin(this RouteGroupBuilder v1)
    {
        var admin = v1.MapGroup("/admin").RequireAuthorization(Tokens.OperatorPolicy).WithTags("Admin");

        admin.MapPost("/audits", (HttpContext http, IGrainFactory grains) => grains.GetGrain<IAuditGrain>(IAuditGrain.Key).Start(http.Caller()).Created(http))
            .Produces<AuditView>(201).Refuses(403).WithSummary("Starts an audit of every invariant, unless one is running.");

        admin.MapGet("/audits/latest", (HttpContext http, IGrainFactory grains) => grains.GetGrain<IAuditGrain>(IAuditGrain.Key).GetLatest(http.Caller()).Found())
            .Produces<AuditView>().Refuses(403, 404).WithSummary("The latest audit: the books and what is wrong with them.");
    }
}
