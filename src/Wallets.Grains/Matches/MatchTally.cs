using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Matches;

/// <summary>One side's coins by viewer, read from the creator's lines step by step. In memory only: whoever has lost it reads it again.</summary>
internal sealed class MatchTally(ILedger ledger, MatchCreator creator)
{
    private readonly Dictionary<long, long> _coins = [];
    private long _throughSeq = creator.StartSeq;

    public async Task CatchUp(MatchWindow window, long? throughSeq = null)
    {
        var last = throughSeq ?? await ledger.LastSeq(creator.AccountId);
        if (last <= _throughSeq) return;
        foreach (var (viewer, coins) in await MatchCount.Read(ledger, creator.AccountId, _throughSeq, last, window))
            _coins[viewer] = _coins.GetValueOrDefault(viewer) + coins;
        _throughSeq = last;
    }

    public long ThroughSeq => _throughSeq;
    public long Points => _coins.Values.Sum(MatchPoints.Of);
    public long Coins => _coins.Values.Sum();
    public long Supporters => _coins.Values.Count(coins => coins > 0);
    public IEnumerable<(string CreatorId, long ViewerId, long Coins)> Lines => _coins.Where(line => line.Value > 0).Select(line => (creator.CreatorId, line.Key, line.Value));
}
