using System.Security.Claims;

namespace Wallets.Web;

/// <summary>What the pages must know of the process that serves them.</summary>
/// <param name="IsDevelopment">Anybody may sign in as anybody, and coins can be bought by saying so.</param>
/// <param name="Hold">How long diamonds stay pending.</param>
/// <param name="CoinsPerDay">What a wallet may send in a day.</param>
/// <param name="CoinsPerWeek">What a wallet may send in seven days.</param>
/// <param name="CallerOf">What a verified principal is to the grains.</param>
public sealed record PagesOptions(bool IsDevelopment, TimeSpan Hold, long CoinsPerDay, long CoinsPerWeek, Func<ClaimsPrincipal, Caller> CallerOf);
