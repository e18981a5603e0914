using Orleans.Concurrency;
using Orleans.Transactions.Abstractions;

namespace Wallets.Benchmarks.Contenders;

/// <summary>An account under Orleans transactions. Key: the account's number; wallets come before creators.</summary>
[Alias("benchmark-transactional-account")]
internal interface ITransactionalAccount : IGrainWithIntegerKey
{
    [Transaction(TransactionOption.Join), Alias("withdraw")] Task Withdraw(Guid key, long coins);

    [Transaction(TransactionOption.Join), Alias("deposit")] Task Deposit(Guid key, long diamonds);

    /// <summary>Activates it.</summary>
    [Transaction(TransactionOption.Suppress), Alias("touch")] Task Touch();
}

/// <summary>Where transfers begin: any activation of it, on any silo, will do.</summary>
[Alias("benchmark-transfer-desk")]
internal interface ITransferDesk : IGrainWithIntegerKey
{
    [Transaction(TransactionOption.Create), Alias("transfer")] Task Transfer(Guid key, long from, long to, long coins, long diamonds);
}

[GenerateSerializer, Alias("benchmark-transactional-balance")]
internal sealed class TransactionalBalance
{
    [Id(0)] public long Value { get; set; } = Load.Population.Funds;

    /// <summary>The latest keys, which is all the idempotency that a row of bounded size can give.</summary>
    [Id(1)] public Queue<Guid> Keys { get; set; } = new();

    /// <summary>Moves the balance unless the key is remembered; both sides of a transfer remember it or neither.</summary>
    public void Move(Guid key, long amount)
    {
        if (Keys.Contains(key)) return;
        if (Value + amount < 0) throw new InvalidOperationException("Insufficient funds.");
        Value += amount;
        Keys.Enqueue(key);
        if (Keys.Count > MostKeys) Keys.Dequeue();
    }

    private const int MostKeys = 32;
}

/// <summary>Withdraws and deposits at once in one transaction, as the public bank-account sample does.</summary>
[StatelessWorker]
internal sealed class TransferDeskGrain : Grain, ITransferDesk
{
    public Task Transfer(Guid key, long from, long to, long coins, long diamonds) => Task.WhenAll(
        GrainFactory.GetGrain<ITransactionalAccount>(from).Withdraw(key, coins),
        GrainFactory.GetGrain<ITransactionalAccount>(to).Deposit(key, diamonds));
}

[Reentrant]
internal sealed class TransactionalAccountGrain([TransactionalState("balance")] ITransactionalState<TransactionalBalance> balance) : Grain, ITransactionalAccount
{
    public Task Withdraw(Guid key, long coins) => balance.PerformUpdate(state => state.Move(key, -coins));

    public Task Deposit(Guid key, long diamonds) => balance.PerformUpdate(state => state.Move(key, diamonds));

    public Task Touch() => Task.CompletedTask;
}
