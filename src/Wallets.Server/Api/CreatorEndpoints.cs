using Microsoft.AspNetCore.Mvc;

namespace Wallets.Server.Api;

internal sealed record PayoutRequest(long Diamonds);

/// <summary>A creator's earnings: balance, statement, cashing out.</summary>
internal static class CreatorEndpoints
{
    public static void MapCreators(this RouteGroupBuilder v1)
    {
        var creator = v1.MapGroup("/creators/{creatorId}").WithTags("Creator");

        creator.MapGet("/earnings", (HttpContext http, IGrainFactory grains, string creatorId) =>
                grains.GetGrain<IEarningsGrain>(creatorId).GetBalance(Owner(http, creatorId)).Found())
            .Produces<EarningsBalance>().Refuses(403).WithSummary("Diamonds by state: pending, available, reserved, paid.");

        creator.MapGet("/entries", (HttpContext http, IGrainFactory grains, string creatorId, string? after, string? limit) =>
            {
                var (afterSeq, size) = Requests.ParsePage(after, limit);
                return grains.GetGrain<IEarningsGrain>(creatorId).GetStatement(Owner(http, creatorId), afterSeq, size).Found();
            })
            .Produces<Page<StatementLine>>().Refuses(403).WithSummary("The statement, oldest line first.");

        creator.MapPost("/payouts", (HttpContext http, WalletsClient client, string creatorId, PayoutRequest request, [FromHeader(Name = Requests.KeyHeader)] string? idempotencyKey) =>
                client.RequestPayout(Owner(http, creatorId), creatorId, Requests.ParseKey(idempotencyKey), new Diamonds(request.Diamonds)).Created(http))
            .Produces<Payout>(201).Refuses(403, 409, 422).WithSummary("Reserves available diamonds to be paid in money.");

        creator.MapGet("/payouts", (HttpContext http, IGrainFactory grains, string creatorId, string? after, string? limit) =>
            {
                var (afterSeq, size) = Requests.ParsePage(after, limit);
                return grains.GetGrain<IEarningsGrain>(creatorId).GetPayouts(Owner(http, creatorId), afterSeq, size).Found();
            })
            .Produces<Page<Payout>>().Refuses(403).WithSummary("Payouts with their status, the oldest first.");

        creator.MapGet("/payouts/{key}", (HttpContext http, IGrainFactory grains, string creatorId, string key) =>
                grains.GetGrain<IEarningsGrain>(creatorId).GetPayout(Owner(http, creatorId), WalletEndpoints.ParsePathKey(key)).Found())
            .Produces<Payout>().Refuses(403, 404).WithSummary("A payout and its status.");
    }

    /// <summary>The caller, if the earnings are theirs. The grain asks again.</summary>
    private static Caller Owner(HttpContext http, string creatorId)
    {
        var caller = http.Caller();
        return caller.Owns(creatorId, Roles.Creator) ? caller : throw new ForbiddenException("These earnings belong to somebody else.");
    }
}
