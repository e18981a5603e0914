using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Wallets.Server.Hosting;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>A token that was believed once is believed without another check, as long as it would be, and nothing else is.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "wallets";
    private static readonly SymmetricSecurityKey Key = new(RandomNumberGenerator.GetBytes(32));
    private static readonly TimeSpan AnHour = TimeSpan.FromHours(1);
    private readonly RememberedTokens _tokens = new();

    [Fact]
    public async Task A_token_is_checked_once()
    {
        var token = Sign(AnHour);

        var first = await Check(token);
        var again = await Check(new string(token.AsSpan()));

        Assert.True(first.IsValid);
        Assert.Equal("ann", first.ClaimsIdentity.FindFirst("sub")?.Value);
        Assert.Same(first, again);
    }

    [Fact]
    public async Task A_token_that_was_believed_ends_when_it_says()
    {
        var token = Sign(TimeSpan.FromSeconds(3));
        Assert.True((await Check(token)).IsValid);

        var last = await Eventually.Is(() => Check(token), seen => !seen.IsValid);

        Assert.IsType<SecurityTokenExpiredException>(last.Exception);
    }

    [Fact]
    public async Task What_only_looks_like_a_token_that_was_believed_is_not()
    {
        var token = Sign(AnHour);
        Assert.True((await Check(token)).IsValid);
        var (content, signature) = (token[..token.LastIndexOf('.')], token[(token.LastIndexOf('.') + 1)..]);
        var others = Sign(AnHour, "bob").Split('.');

        foreach (var forged in new[] { $"{content}.", $"{content}.{Turned(signature)}", $"{others[0]}.{others[1]}.{signature}", $"{Turned(content)}.{signature}", token[..^1], token + "A", token.ToUpperInvariant() })
        {
            Assert.False((await Check(forged)).IsValid, forged);
            Assert.False((await Check(forged)).IsValid, forged);
        }
        Assert.Equal("ann", (await Check(token)).ClaimsIdentity.FindFirst("sub")?.Value);
    }

    [Fact]
    public async Task A_token_that_was_not_believed_is_checked_again()
    {
        var early = Sign(AnHour, notBefore: TimeSpan.FromSeconds(3));

        Assert.IsType<SecurityTokenNotYetValidException>((await Check(early)).Exception);

        await Eventually.Is(() => Check(early), seen => seen.IsValid);
    }

    [Fact]
    public async Task More_tokens_than_are_remembered_are_believed_and_checked_each_time()
    {
        using var tokens = new RememberedTokens(most: 1);
        var (ann, bob) = (Sign(AnHour), Sign(AnHour, "bob"));

        var (first, second) = (await Check(ann, tokens), await Check(bob, tokens));

        Assert.True(first.IsValid && second.IsValid);
        Assert.Same(first, await Check(ann, tokens));
        Assert.NotSame(second, await Check(bob, tokens));
        Assert.True((await Check(bob, tokens)).IsValid);
    }

    public void Dispose() => _tokens.Dispose();

    private Task<TokenValidationResult> Check(string token, RememberedTokens? tokens = null) => (tokens ?? _tokens).ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = Issuer,
        ValidAudience = Audience,
        IssuerSigningKey = Key,
        ClockSkew = TimeSpan.Zero,
    });

    /// <summary>With its first letter changed, which no padding hides.</summary>
    private static string Turned(string part) => (part[0] == 'A' ? 'B' : 'A') + part[1..];

    private static string Sign(TimeSpan lifetime, string subject = "ann", TimeSpan notBefore = default)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now + notBefore,
            Expires = now + lifetime,
            Claims = new Dictionary<string, object> { ["sub"] = subject },
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.HmacSha256),
        });
    }
}
