using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Wallets.Server.Hosting;

/// <summary>Bearer tokens: whom to believe, and what a token's claims mean.</summary>
internal static class Tokens
{
    public const string OperatorPolicy = "operator";
    private const string RolesClaim = "roles";
    private const string RegionClaim = "region";
    private static readonly TimeSpan DevTokenLifetime = TimeSpan.FromDays(1);

    public static void AddTokens(this WebApplicationBuilder builder, Settings settings)
    {
        var auth = settings.Auth;
        var key = SigningKey(settings);
        if (key is not null) builder.Services.AddSingleton(key);
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
        {
            options.TokenHandlers.Clear();
            options.TokenHandlers.Add(new RememberedTokens());
            options.SaveToken = false;
            options.Authority = key is null ? auth.Issuer : null;
            options.TokenValidationParameters = new TokenValidationParameters
            {
                ValidIssuer = IssuerOf(settings),
                ValidAudience = auth.Audience,
                IssuerSigningKey = key,
                NameClaimType = JwtRegisteredClaimNames.Sub,
                RoleClaimType = RolesClaim,
                ClockSkew = TimeSpan.FromSeconds(30),
            };
        });
        builder.Services.AddAuthorizationBuilder()
            .AddPolicy(OperatorPolicy, policy => policy.RequireRole(NameOf(Roles.Operator)))
            .SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    /// <summary>Open in Development; elsewhere for role operator only.</summary>
    public static void ForOperators(this IEndpointConventionBuilder endpoint, Settings settings)
    {
        if (settings.IsDevelopment) endpoint.AllowAnonymous();
        else endpoint.RequireAuthorization(OperatorPolicy);
    }

    public static Caller CallerOf(ClaimsPrincipal principal)
    {
        var roles = principal.FindAll(RolesClaim).Aggregate(Roles.None, (all, claim) => all | (TryParseRole(claim.Value, out var role) ? role : Roles.None));
        var region = principal.FindFirstValue(RegionClaim);
        return new Caller(principal.FindFirstValue(JwtRegisteredClaimNames.Sub) ?? "", roles, Caller.IsRegion(region) ? region : null);
    }

    public static bool TryParseRole(string text, out Roles role)
    {
        role = text switch
        {
            "viewer" => Roles.Viewer,
            "creator" => Roles.Creator,
            "purchasing" => Roles.Purchasing,
            "operator" => Roles.Operator,
            _ => Roles.None,
        };
        return role != Roles.None;
    }

    /// <summary>Signs a token as Development's own issuer.</summary>
    public static string IssueDevToken(SymmetricSecurityKey key, Settings settings, TimeProvider time, string subject, IEnumerable<string> roles, string? region = null)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = subject, [RolesClaim] = roles.ToArray() };
        if (region is not null) claims[RegionClaim] = region;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = IssuerOf(settings),
            Audience = settings.Auth.Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + DevTokenLifetime,
            Claims = claims,
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256),
        });
    }

    private static string IssuerOf(Settings settings) => settings.IsDevelopment ? AuthSettings.DevIssuer : settings.Auth.Issuer!;

    private static string NameOf(Roles role) => role.ToString().ToLowerInvariant();

    private static SymmetricSecurityKey? SigningKey(Settings settings)
    {
        if (settings.Auth.SigningKey is { } configured && AuthSettings.TryReadKey(configured, out var key)) return new(key);
        return settings.IsDevelopment ? new(DevKey(settings)) : null;
    }

    /// <summary>Development's key is made once per data folder, so that tokens outlive a restart.</summary>
    private static byte[] DevKey(Settings settings)
    {
        Directory.CreateDirectory(settings.DataDirectory);
        var file = Path.Combine(settings.DataDirectory, "dev-signing.key");
        if (File.Exists(file)) return File.ReadAllBytes(file);

        var key = RandomNumberGenerator.GetBytes(32);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        stream.Write(key);
        return key;
    }
}
