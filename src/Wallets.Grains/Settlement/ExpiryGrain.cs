using Wallets.Ledger;

namespace Wallets.Grains.Settlement;

/// <summary>Ends bonus coins when their time is over, in wallets that nobody touches too. One for the cluster; called every second.</summary>
[Alias("expiry")]
internal interface IExpiryGrain : IGrainWithStringKey
{
    const string Key = "expiry";

    [Alias("sweep")] Task Sweep();
}

/// <summary>A wallet whose bonus coins may have expired. The key is the user id; the wallet grain answers.</summary>
[Alias("expiring-wallet")]
internal interface IExpiringWallet : IGrainWithStringKey
{
    /// <summary>Appends the end of what has expired, if anything has.</summary>
    [Alias("expire")] Task Expire();
}

[GenerateSerializer, Alias("expiry-state")]
internal sealed class ExpiryState
{
    /// <summary>Everything that expired up to then has its entry.</summary>
    [Id(0)] public DateTimeOffset Through { get; set; } = DateTimeOffset.UnixEpoch;
}

/// <summary>
/// Looks up which lots expired since the last sweep and has their wallets write it down. A sweep that fails or dies is repeated whole, and
/// soon: a wallet expires nothing twice.
/// </summary>
internal sealed class ExpiryGrain([PersistentState("expiry")] IPersistentState<ExpiryState> state, IWorklist worklist, TimeProvider time) : Grain, IExpiryGrain
{
    private const int AtOnce = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(2);

    private DateTimeOffset _dueAt;

    public async Task Sweep()
    {
        var now = time.GetUtcNow();
        if (now < _dueAt) return;
        _dueAt = now + PauseAfterFailure;

        var through = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() - 1);   // wallets go by the same clock, give or take
        foreach (var users in (await worklist.FindExpiring(state.State.Through, through)).Chunk(AtOnce))
            await Task.WhenAll(users.Select(user => GrainFactory.GetGrain<IExpiringWallet>(user).Expire()));
        _dueAt = now + Interval;
        if (through <= state.State.Through) return;
        try
        {
            state.State.Through = through;
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }
}
