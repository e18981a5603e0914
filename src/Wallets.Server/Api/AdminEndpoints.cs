using Microsoft.AspNetCore.Mvc;
using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

internal sealed record RejectionRequest(string Reason);

internal sealed record GrantRequest(string UserId);

/// <summary>For operators: audits, and acts, each of which is recorded before it is done.</summary>
internal static class AdminEndpoints
{
    public static void MapAdmin(this RouteGroupBuilder v1)
    {
        var admin = v1.MapGroup("/admin").RequireAuthorization(Tokens.OperatorPolicy).WithTags("Admin");
        admin.MapAudits();
        admin.MapActs();
        v1.MapCampaigns();
    }

    /// <summary>An audit of a large ledger takes a while: it is started, and its latest report is asked for.</summary>
    private static void MapAudits(this RouteGroupBuilder admin)
    {
        admin.MapPost("/audits", (HttpContext http, IGrainFactory grains) => grains.GetGrain<IAuditGrain>(IAuditGrain.Key).Start(http.Caller()).Created(http))
            .Produces<AuditView>(201).Refuses(403).WithSummary("Starts an audit of every invariant, unless one is running.");

        admin.MapGet("/audits/latest", (HttpContext http, IGrainFactory grains) => grains.GetGrain<IAuditGrain>(IAuditGrain.Key).GetLatest(http.Caller()).Found())
            .Produces<AuditView>().Refuses(403, 404).WithSummary("The latest audit: the books and what is wrong with them.");
    }

    private static void MapActs(this RouteGroupBuilder admin)
    {
        admin.MapPost("/acts", (HttpContext http, IGrainFactory grains, ActOrder order, [FromHeader(Name = Requests.KeyHeader)] string? idempotencyKey) =>
                grains.GetGrain<IActGrain>(Requests.ParseKey(idempotencyKey)).Ask(http.Caller(), order).Created(http))
            .Produces<ActView>(201).Refuses(403, 409, 422)
            .WithSummary("Adjusts an account, changes a standing, refunds a purchase, publishes rates, changes the catalogue or opens a campaign; above a threshold a second operator must approve.");

        admin.MapGet("/acts", (HttpContext http, IGrainFactory grains, string? after, string? limit) =>
            {
                var (afterSeq, size) = Requests.ParsePage(after, limit);
                return grains.GetGrain<IActRecordGrain>(IActRecordGrain.Key).Read(http.Caller(), afterSeq, size).Found();
            })
            .Produces<Page<ActStep>>().Refuses(403).WithSummary("The record of acts, step by step, oldest first.");

        admin.MapGet("/acts/{key}", (HttpContext http, IGrainFactory grains, string key) => Act(grains, key).Get(http.Caller()).Found())
            .Produces<ActView>().Refuses(403, 404).WithSummary("An act and its status.");

        admin.MapPost("/acts/{key}/approve", (HttpContext http, IGrainFactory grains, string key) => Act(grains, key).Approve(http.Caller()).Found())
            .Produces<ActView>().Refuses(403, 404, 409).WithSummary("Approves another operator's act, which applies it.");

        admin.MapPost("/acts/{key}/reject", (HttpContext http, IGrainFactory grains, string key, RejectionRequest request) => Act(grains, key).Reject(http.Caller(), request.Reason).Found())
            .Produces<ActView>().Refuses(403, 404, 409, 422).WithSummary("Rejects an act that waits for approval.");
    }

    /// <summary>For checkouts too, so not only for operators; the grain asks who it is.</summary>
    private static void MapCampaigns(this RouteGroupBuilder v1)
    {
        var campaigns = v1.MapGroup("/campaigns/{campaignId}").WithTags("Admin");

        campaigns.MapGet("", (HttpContext http, IGrainFactory grains, string campaignId) => Campaign(grains, campaignId).Get(http.Caller()).Found())
            .Produces<CampaignView>().Refuses(403, 404).WithSummary("A campaign and how much of its budget is taken.");

        campaigns.MapPost("/grants", (HttpContext http, IGrainFactory grains, string campaignId, GrantRequest request) => Campaign(grains, campaignId).Grant(http.Caller(), request.UserId).Created(http))
            .Produces<Grant>(201).Refuses(403, 404, 409, 422).WithSummary("Gives a user the campaign's bonus coins, once, while budget and time last.");
    }

    private static IActGrain Act(IGrainFactory grains, string key) => grains.GetGrain<IActGrain>(WalletEndpoints.ParsePathKey(key));

    private static ICampaignGrain Campaign(IGrainFactory grains, string id) =>
        Identifier.IsValid(id) ? grains.GetGrain<ICampaignGrain>(id) : throw new BadInputException("invalid_id", "That is no campaign's id.");
}
