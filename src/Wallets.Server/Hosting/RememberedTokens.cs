using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Wallets.Server.Hosting;

/// <summary>
/// Checks a token once and believes it until it ends, for five minutes at most: a caller sends the same one with every request, and checking it took a
/// seventh of a gateway's time. Only what was believed is remembered, so that strangers cannot fill the memory, and letter by letter, so that nothing else is
/// taken for it. A signing key that its issuer withdraws is believed those five minutes longer.
/// </summary>
/// <param name="most">How many tokens are remembered at once; others are checked each time.</param>
internal sealed class RememberedTokens(int most = RememberedTokens.Most) : TokenHandler, IDisposable
{
    private const int Most = 25_000;   // of about 5 KB each
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    private readonly JsonWebTokenHandler _checks = new() { MapInboundClaims = false };
    private readonly MemoryCache _believed = new(new MemoryCacheOptions());

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        if (_believed.TryGetValue(token, out TokenValidationResult? known)) return known!;

        var result = await _checks.ValidateTokenAsync(token, validationParameters);
        // Whichever of the two ends is sooner counts.
        if (result.IsValid && _believed.Count < most) _believed.Set(token, result, new MemoryCacheEntryOptions { AbsoluteExpiration = result.SecurityToken.ValidTo, AbsoluteExpirationRelativeToNow = Longest });
        return result;
    }

    public override Task<TokenValidationResult> ValidateTokenAsync(SecurityToken token, TokenValidationParameters validationParameters) =>
        _checks.ValidateTokenAsync(token, validationParameters);

    public override SecurityToken ReadToken(string token) => _checks.ReadToken(token);

    public void Dispose() => _believed.Dispose();
}
