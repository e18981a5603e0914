using Microsoft.IdentityModel.Tokens;
using Wallets.Server.Hosting;

namespace Wallets.Server.Api;

internal sealed record TokenRequest(string Sub, string[] Roles, string? Region = null);

internal sealed record TokenAnswer(string Token);

/// <summary>Mapped in Development only: tokens for whoever asks.</summary>
internal static class DevEndpoints
{
    public static void MapDevTokens(this WebApplication app) => app.MapPost("/dev/token", (TokenRequest request, SymmetricSecurityKey key, Settings settings, TimeProvider time) =>
        {
            if (!Identifier.IsValid(request.Sub)) throw new BadInputException("invalid_id", "sub is not a valid id.");
            foreach (var role in request.Roles)
                if (!Tokens.TryParseRole(role, out _)) throw new BadInputException("invalid_role", "Roles are viewer, creator, purchasing and operator.");
            if (request.Region is { } region && !Caller.IsRegion(region)) throw new BadInputException("invalid_region", "A region is two capital letters, as ISO 3166-1 has them.");
            return TypedResults.Ok(new TokenAnswer(Tokens.IssueDevToken(key, settings, time, request.Sub, request.Roles, request.Region)));
        })
        .AllowAnonymous().WithTags("Development").WithSummary("A token for anybody, in Development only.");
}
