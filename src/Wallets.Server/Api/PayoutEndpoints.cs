using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

internal sealed record DecisionRequest(string? Reason = null);

internal sealed record ResolutionRequest(string Outcome, string Reason, string? Reference = null);

internal sealed record ProfileRequest(
    string Reason, string? Identity = null, string? TaxForm = null, string? Account = null, string? Currency = null, ContractRequest? Contract = null);

internal sealed record ContractRequest(string? AgencyId, string? Account, int BasisPoints, DateTimeOffset EffectiveFrom);

/// <summary>What the identity provider sends.</summary>
internal sealed record IdentityEvent(string EventId, string CreatorId, DateTimeOffset OccurredAt, string? Identity = null, string? TaxForm = null);

/// <summary>Payouts beyond the creator's own requests: the operators' queue and decisions, profiles, the identity provider's word.</summary>
internal static class PayoutEndpoints
{
    private const string IdentityProvider = "identity-provider";

    public static void MapPayouts(this RouteGroupBuilder v1)
    {
        v1.MapGet("/creators/{creatorId}/payout-profile", (HttpContext http, IGrainFactory grains, string creatorId) =>
                grains.GetGrain<IPayoutProfileGrain>(creatorId).Get(http.Caller()).Found())
            .WithTags("Creator").Produces<PayoutProfile>().Refuses(403).WithSummary("What is known of a creator for payouts: checks, currency, agency; whether there is an account, never which.");

        v1.MapPost("/webhooks/identity", TakeIdentityEvent)
            .AllowAnonymous().WithTags("Webhooks").Refuses(401, 422, 501).WithSummary($"The identity provider's notifications of checks, signed ({WebhookSignature.Header}).");

        var admin = v1.MapGroup("/admin").RequireAuthorization(Tokens.OperatorPolicy).WithTags("Admin");
        admin.MapPut("/creators/{creatorId}/payout-profile", (HttpContext http, IGrainFactory grains, string creatorId, ProfileRequest request) =>
            {
                var contract = request.Contract is { } agreed ? new NewContract(agreed.AgencyId, agreed.Account, agreed.BasisPoints, agreed.EffectiveFrom.ToUniversalTime()) : null;
                var change = new PayoutProfileChange(request.Identity, request.TaxForm, request.Account, request.Currency, contract, request.Reason);
                return grains.GetGrain<IPayoutProfileGrain>(creatorId).Set(http.Caller(), change).Found();
            })
            .Produces<PayoutProfile>().Refuses(403, 422).WithSummary("Sets a creator's payout profile; what is left out stays. A contract adds a version, never back-dated.");

        var payouts = admin.MapGroup("/payouts");
        payouts.MapGet("", (HttpContext http, IGrainFactory grains, string? status, string? after, string? limit) =>
            {
                var (queue, most) = (grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key), Requests.ParsePage(null, limit).Limit);
                if (status is not null && Payout.EndedStatuses.Contains(status)) return queue.GetEnded(http.Caller(), status, after, most).Found();
                if (status is not null && !Payout.OpenStatuses.Contains(status))
                    throw new BadInputException("invalid_status", $"status is one of {string.Join(", ", Payout.OpenStatuses.Concat(Payout.EndedStatuses))}, or left out for all that have not ended.");
                return queue.GetOpen(http.Caller(), status, after, most).Found();
            })
            .Produces<Page<PayoutCase>>().Refuses(403).WithSummary("Payouts that have not ended, the oldest first, with their problems and decisions; of status paid or failed those that ended so, the latest first.");

        payouts.MapGet("/{creatorId}/{key}", (HttpContext http, IGrainFactory grains, string creatorId, string key) => Case(grains, creatorId, key).GetCase(http.Caller()).Found())
            .Produces<PayoutCase>().Refuses(403, 404).WithSummary("One payout, ended or not, with every decision about it.");
        payouts.MapPost("/{creatorId}/{key}/approve", (HttpContext http, IGrainFactory grains, string creatorId, string key, DecisionRequest? request) =>
                Case(grains, creatorId, key).Approve(http.Caller(), request?.Reason).Found())
            .Produces<PayoutCase>().Refuses(403, 404, 409, 422).WithSummary("Agrees to a large payout; above the second threshold two operators must.");
        payouts.MapPost("/{creatorId}/{key}/reject", (HttpContext http, IGrainFactory grains, string creatorId, string key, DecisionRequest request) =>
                Case(grains, creatorId, key).Reject(http.Caller(), request.Reason ?? "").Found())
            .Produces<PayoutCase>().Refuses(403, 404, 409, 422).WithSummary("Refuses a payout that the provider has not been told of; the diamonds return.");
        payouts.MapPost("/{creatorId}/{key}/resolve", (HttpContext http, IGrainFactory grains, string creatorId, string key, ResolutionRequest request) =>
                Case(grains, creatorId, key).Resolve(http.Caller(), new(request.Outcome, request.Reference, request.Reason)).Found())
            .Produces<PayoutCase>().Refuses(403, 404, 409, 422).WithSummary("Says how an unknown payout ended: paid, with a reference, or failed.");
    }

    private static IPayoutGrain Case(IGrainFactory grains, string creatorId, string key) => grains.GetGrain<IPayoutGrain>(WalletEndpoints.ParsePathKey(key), creatorId);

    /// <summary>Answered once what it says is stored, so that the sender repeats what was lost.</summary>
    private static async Task<IResult> TakeIdentityEvent(HttpContext http, IGrainFactory grains, Settings settings, TimeProvider time, IOptions<JsonOptions> json)
    {
        if (settings.PayoutProvider.WebhookSecret is not { } secret)
            return Problems.Problem(StatusCodes.Status501NotImplemented, "channel_not_open", "Notifications of identity checks are not taken yet; keep them and try again.");
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var signedAt = WebhookSignature.SignedAt(http.Request.Headers[WebhookSignature.Header].ToString(), body.ToArray(), Encoding.UTF8.GetBytes(secret));
        if (signedAt is null || (time.GetUtcNow() - signedAt.Value).Duration() > WebhookSignature.Tolerance)
            return Problems.Problem(StatusCodes.Status401Unauthorized, Refusal.InvalidSignature, "The signature is missing, wrong, or older than five minutes.");
        IdentityEvent told;
        try
        {
            told = JsonSerializer.Deserialize<IdentityEvent>(body.ToArray(), json.Value.SerializerOptions) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new BadInputException("invalid_request", "The body has an unknown, missing, repeated or mistyped field, or is not JSON.");
        }
        if (!Identifier.IsValid(told.CreatorId) || !Identifier.IsValid(told.EventId)) throw new BadInputException("invalid_id", "creatorId and eventId must be ids.");
        var report = new VerificationReport(told.EventId, told.Identity, told.TaxForm, told.OccurredAt);
        var outcome = await grains.GetGrain<IPayoutProfileGrain>(told.CreatorId).Report(new Caller(IdentityProvider, Roles.Operator), report);   // the signature is its token
        return outcome.IsOk ? TypedResults.Ok() : Problems.Refuse(outcome.Refusal!);
    }
}
