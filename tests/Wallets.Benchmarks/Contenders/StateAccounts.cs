using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace Wallets.Benchmarks.Contenders;

/// <summary>An account in stock grain state. Key: the account's number; wallets come before creators.</summary>
[Alias("benchmark-state-account")]
internal interface IStateAccount : IGrainWithIntegerKey
{
    /// <summary>Debits this account and credits another, once per key; answers when both are stored.</summary>
    [Alias("send")] Task Send(Guid key, long to, long coins, long diamonds);

    [Alias("credit")] Task Credit(Guid key, long diamonds);

    /// <summary>Activates it.</summary>
    [Alias("touch")] Task Touch();
}

[GenerateSerializer, Alias("benchmark-account-state")]
internal sealed class StoredAccount
{
    [Id(0)] public long Balance { get; set; } = Load.Population.Funds;

    /// <summary>The latest keys, which is all the idempotency that a row of bounded size can give.</summary>
    [Id(1)] public Queue<Guid> Keys { get; set; } = new();

    /// <summary>Debits whose credit is not known to be stored: a crash between the two would lose it otherwise.</summary>
    [Id(2)] public List<UnfinishedGift> Unfinished { get; set; } = [];

    public void Remember(Guid key)
    {
        Keys.Enqueue(key);
        if (Keys.Count > MostKeys) Keys.Dequeue();
    }

    private const int MostKeys = 32;
}

[GenerateSerializer, Alias("benchmark-unfinished-gift")]
internal readonly record struct UnfinishedGift(Guid Key, long To, long Diamonds);

/// <summary>
/// Debit, store, credit the other, as one builds it with <see cref="IPersistentState{T}"/>. That a credit is stored is written down
/// with the next debit, which saves a write. Tuned, calls interleave, so that the credits of a popular creator share writes: Orleans
/// joins those that wait. The account starts with funds, as accounts do in the public samples.
/// </summary>
[MayInterleave(nameof(Interleaves))]
internal sealed class StateAccountGrain([PersistentState("account")] IPersistentState<StoredAccount> account) : Grain, IStateAccount
{
    public async Task Send(Guid key, long to, long coins, long diamonds)
    {
        var state = account.State;
        if (!state.Keys.Contains(key))
        {
            if (state.Balance < coins) throw new InvalidOperationException("Insufficient funds.");
            state.Balance -= coins;
            state.Remember(key);
            state.Unfinished.Add(new(key, to, diamonds));
            await Store();
        }
        var unfinished = state.Unfinished.FindIndex(gift => gift.Key == key);
        if (unfinished < 0) return;
        await GrainFactory.GetGrain<IStateAccount>(to).Credit(key, diamonds);
        state.Unfinished.RemoveAll(gift => gift.Key == key);
    }

    public async Task Credit(Guid key, long diamonds)
    {
        if (!account.State.Keys.Contains(key))
        {
            account.State.Balance += diamonds;
            account.State.Remember(key);
        }
        await Store();
    }

    public Task Touch() => Task.CompletedTask;

    /// <summary>Asked by Orleans of every call that finds the grain at work.</summary>
    public static bool Interleaves(IInvokable call) => NodeCommand.Kind == NodeKind.AdoNetStateTuned;

    private async Task Store()
    {
        try
        {
            await account.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }
}
