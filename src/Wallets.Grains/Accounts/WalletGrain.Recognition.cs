using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Accounts;

/// <summary>What the wallet's gifts have earned its holder: a level, memberships, and with them gifts that not everybody may send.</summary>
internal sealed partial class WalletGrain
{
    private static readonly TimeSpan MembershipTerm = TimeSpan.FromMinutes(1);

    /// <summary>Creators whose fan club the holder was a member of when it was last looked up, and when that was.</summary>
    private Dictionary<long, long>? _fanOf;

    private long LifetimeCoins => State.LifetimeSpent - State.LifetimeRefunded;

    public Task<Outcome<LevelView>> GetLevel(Caller caller)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Task.FromResult<Outcome<LevelView>>(Refuse(NotTheirs));
        var level = Levels.Of(LifetimeCoins);
        return Task.FromResult<Outcome<LevelView>>(new LevelView(Name, level, Levels.BadgeOf(level), new(LifetimeCoins), level == Levels.Highest ? null : new Coins(Levels.CoinsFor(level + 1))));
    }

    public async Task<Outcome<Page<GiftOffer>>> GetOffers(Caller caller, string? creatorId)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Refuse(NotTheirs);
        var (terms, now, level) = (await published.GetTerms(), Now, Levels.Of(LifetimeCoins));
        var gifts = terms.GiftsAt(now).ToList();
        var isFan = creatorId is not null && gifts.Exists(gift => gift.FansOnly)
            && await _ledger.FindAccount(AccountKind.Earnings, creatorId) is { } creator && await IsFanOf(creator);
        var sender = new GiftSender(caller.Region, isFan);
        return new Page<GiftOffer>([.. gifts.Select(gift => new GiftOffer(gift, [.. GiftRules.Locks(gift, level, sender, now).Select(refusal => refusal.Code)]))], null);
    }

    private async ValueTask<GiftSender> SenderOf(Caller caller, GiftOrder order, LiveStream? stream, Terms terms) =>
        new(caller.Region, stream is not null && terms.GiftAt(order.GiftId, Now) is { FansOnly: true } && await IsFanOf(stream.CreatorAccount));

    /// <summary>Looked up for gifts that only fans may send; a member is believed to be one for a while.</summary>
    private async Task<bool> IsFanOf(long creator)
    {
        if (AccountId is not { } account) return false;
        if (_fanOf?.TryGetValue(creator, out var knownAt) == true && _time.GetElapsedTime(knownAt) < MembershipTerm) return true;
        if (await new RecognitionBooks(_ledger).ReadPair(creator, account) < Levels.CoinsForFan(1)) return false;
        _fanOf ??= [];
        if (_fanOf.Count >= 100) _fanOf.Clear();
        _fanOf[creator] = _time.GetTimestamp();
        return true;
    }
}
