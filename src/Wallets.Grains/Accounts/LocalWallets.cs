using System.Collections.Concurrent;

namespace Wallets.Grains.Accounts;

/// <summary>
/// The wallets that are active on this silo. A gift that comes in on it is handed to one of them directly (<see cref="LocalGift"/>);
/// any other wallet is called through Orleans, which knows where it is or makes it active.
/// </summary>
internal sealed class LocalWallets(IEnumerable<IIncomingGrainCallFilter> filters)
{
    private readonly ConcurrentDictionary<string, WalletGrain> _wallets = new();

    /// <summary>What Orleans would run around a call of a grain, in its order, but for faults' translation, which a gift that is handed over does itself.</summary>
    public IIncomingGrainCallFilter[] Filters { get; } = [.. filters.Where(filter => filter is not FaultFilter)];

    public void Add(string userId, WalletGrain wallet) => _wallets[userId] = wallet;

    /// <summary>Nothing if a later activation has taken its place.</summary>
    public void Remove(string userId, WalletGrain wallet) => _wallets.TryRemove(KeyValuePair.Create(userId, wallet));

    public WalletGrain? Find(string userId) => _wallets.GetValueOrDefault(userId);
}
