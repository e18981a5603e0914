using System.Runtime.InteropServices;

namespace Wallets.Grains.Streams;

/// <summary>
/// What each supporter of a stream has sent, and who sent most. Kept in memory only, some hundred bytes a supporter, because a row of
/// state would grow with them; the ledger can tell it again at any time.
/// </summary>
internal sealed class Leaderboard(int shown)
{
    private readonly Dictionary<string, long> _coins = [];
    private readonly List<Supporter> _top = [];
    private bool _isTopStale;

    public int Supporters => _coins.Count;

    /// <summary>Those who sent most, most first.</summary>
    public IReadOnlyList<Supporter> Top
    {
        get
        {
            if (_isTopStale)
            {
                _top.Clear();
                foreach (var (user, coins) in _coins)
                    if (MayRank(user, coins)) Place(new(user, new(coins)));
                _isTopStale = false;
            }
            return _top;
        }
    }

    /// <param name="userId">Who sent them.</param>
    /// <param name="coins">Negative if a refund took them back.</param>
    public void Add(string userId, long coins)
    {
        ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_coins, userId, out _);
        total += coins;
        if (coins < 0) _isTopStale = true;
        else if (!_isTopStale && MayRank(userId, total)) Place(new(userId, new(total)));
        if (total <= 0) _coins.Remove(userId);
    }

    /// <summary>Before the last one shown, or that one itself. If not, nor did the fewer coins that these grew from.</summary>
    private bool MayRank(string userId, long coins) =>
        _top.Count < shown || coins > _top[^1].Coins.Value || (coins == _top[^1].Coins.Value && string.CompareOrdinal(userId, _top[^1].UserId) <= 0);

    private void Place(Supporter supporter)
    {
        var known = _top.FindIndex(other => string.Equals(other.UserId, supporter.UserId, StringComparison.Ordinal));
        if (known >= 0) _top.RemoveAt(known);
        var at = _top.FindIndex(other => IsBefore(supporter, other));
        if (at < 0) at = _top.Count;
        if (at < shown) _top.Insert(at, supporter);
        if (_top.Count > shown) _top.RemoveAt(shown);
    }

    private static bool IsBefore(Supporter one, Supporter other) =>
        one.Coins.Value > other.Coins.Value || (one.Coins.Value == other.Coins.Value && string.CompareOrdinal(one.UserId, other.UserId) < 0);
}
