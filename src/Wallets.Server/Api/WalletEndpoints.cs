using Microsoft.AspNetCore.Mvc;

namespace Wallets.Server.Api;

internal sealed record PurchaseRequest(string PackId, string Channel, string Proof);

internal sealed record GiftRequest(string StreamId, string GiftId, int Quantity, long? Price = null);

internal sealed record StreakRequest(string StreamId, string GiftId, int Total, bool Ends = false, long? Price = null);

/// <summary>A viewer's wallet: buying coins, sending gifts, statement.</summary>
internal static class WalletEndpoints
{
    private const int MaxProofLength = 16 * 1024;

    public static void MapWallets(this RouteGroupBuilder v1)
    {
        var wallet = v1.MapGroup("/wallets/{userId}").WithTags("Wallet");

        wallet.MapGet("", (HttpContext http, IGrainFactory grains, string userId) =>
                grains.GetGrain<IWalletGrain>(userId).GetBalance(Owner(http, userId)).Found())
            .Produces<WalletBalance>().Refuses(403).WithSummary("The wallet's coins and what it has spent.");

        wallet.MapGet("/entries", (HttpContext http, IGrainFactory grains, string userId, string? after, string? limit) =>
            {
                var (afterSeq, size) = Requests.ParsePage(after, limit);
                return grains.GetGrain<IWalletGrain>(userId).GetStatement(Owner(http, userId), afterSeq, size).Found();
            })
            .Produces<Page<StatementLine>>().Refuses(403).WithSummary("The statement, oldest line first.");

        wallet.MapPost("/purchases", (HttpContext http, WalletsClient client, string userId, PurchaseRequest request, [FromHeader(Name = Requests.KeyHeader)] string? idempotencyKey) =>
            {
                var caller = http.Caller();
                if (!caller.Is(Roles.Purchasing)) Owner(http, userId);
                if (request.Proof.Length > MaxProofLength) throw new BadInputException("invalid_request", $"A proof has at most {MaxProofLength} characters.");
                var order = new PurchaseOrder(Requests.ParseKey(idempotencyKey), request.PackId, request.Channel, request.Proof);
                return client.Purchase(caller, userId, order).Created(http);
            })
            .Produces<Purchase>(201).Refuses(403, 409, 422).WithSummary("Coins for a verified proof of payment. A proof counts once, for one user.");

        wallet.MapPost("/gifts", (HttpContext http, WalletsClient client, string userId, GiftRequest request, [FromHeader(Name = Requests.KeyHeader)] string? idempotencyKey) =>
            {
                var caller = Owner(http, userId);
                var key = Requests.ParseKey(idempotencyKey);
                if (!Guid.TryParseExact(request.StreamId, "D", out var streamId))
                    return Task.FromResult(Problems.Refuse(new Refusal(Refusal.UnknownStream, "There is no such stream.")));
                return client.SendGift(caller, userId, new GiftOrder(key, streamId, request.GiftId, request.Quantity, PriceOf(request.Price))).Created(http);
            })
            .Produces<GiftReceipt>(201).Refuses(403, 409, 422).WithSummary("Sends a gift; the answer is its receipt. The price of a piece that the viewer was shown may be sent along: it is kept for a minute after it has changed, and refused as price_changed from then on.");

        wallet.MapPut("/streaks/{streakId}", (HttpContext http, WalletsClient client, string userId, string streakId, StreakRequest request) =>
            {
                var caller = Owner(http, userId);
                var id = Requests.ParseUuid(streakId, "invalid_id", "A streak id is a UUID.");
                if (!Guid.TryParseExact(request.StreamId, "D", out var streamId))
                    return Task.FromResult(Problems.Refuse(new Refusal(Refusal.UnknownStream, "There is no such stream.")));
                return client.SendStreak(caller, userId, new StreakOrder(id, streamId, request.GiftId, request.Total, request.Ends, PriceOf(request.Price))).Put(http);
            })
            .Produces<Streak>().Refuses(403, 409, 422).WithSummary("Tells a streak's running total; what is not charged yet is charged. Repeated, late and lost messages do no harm. The price that the viewer was shown may be sent along, as with a gift.");

        wallet.MapGet("/streaks/{streakId}", (HttpContext http, IGrainFactory grains, string userId, string streakId) =>
                grains.GetGrain<IWalletGrain>(userId).GetStreak(Owner(http, userId), Requests.ParseUuid(streakId, "invalid_id", "A streak id is a UUID.")).Found())
            .Produces<Streak>().Refuses(403, 404).WithSummary("A streak as it stands.");

        wallet.MapGet("/gifts/{key}", (HttpContext http, IGrainFactory grains, string userId, string key) =>
                grains.GetGrain<IWalletGrain>(userId).GetGift(Owner(http, userId), ParsePathKey(key)).Found())
            .Produces<GiftReceipt>().Refuses(403, 404).WithSummary("A gift's receipt, with its status: committed or settled.");
    }

    public static Guid ParsePathKey(string key) => Requests.ParseUuid(key, "invalid_key", "The key in the path must be a UUID.");

    private static Coins? PriceOf(long? price) => price is { } coins ? new Coins(coins) : null;

    /// <summary>The caller, if the wallet is theirs. The grain asks again.</summary>
    private static Caller Owner(HttpContext http, string userId)
    {
        var caller = http.Caller();
        return caller.Owns(userId, Roles.Viewer) ? caller : throw new ForbiddenException("This wallet belongs to somebody else.");
    }
}
