using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Turns: what moves value runs one after the other. Orleans sees to it for calls; gifts that are handed over (<see cref="LocalGift"/>) are none, so
/// they and the calls take the wallet's turn as well, all on its activation's scheduler. Reads take none. An activation that is over, or about to
/// go, begins no other turn.
/// </summary>
internal sealed partial class WalletGrain : IIncomingGrainCallFilter
{
    /// <summary>As calls: <c>MaxEnqueuedRequestsHardLimit</c>.</summary>
    public const int MostGiftsWaiting = 10_000;

    /// <summary>Orleans does not see gifts that are handed over, and would take the wallet for idle.</summary>
    private static readonly TimeSpan KeptAfterGift = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BetweenKeepings = TimeSpan.FromMinutes(1);

    private static readonly ConcurrentDictionary<MethodInfo, bool> TurnTakers = new();

    private bool _isTurnTaken;
    private Queue<TaskCompletionSource>? _waitingForTurn;   // made when the first one waits
    private long _keptAt;

    /// <summary>Gifts that were handed over and wait for their turn.</summary>
    public int GiftsWaiting { get; private set; }

    /// <summary>Whether this activation takes no more gifts.</summary>
    public bool IsGoing { get; private set; }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        if (!IsGoing && !cancellationToken.IsCancellationRequested) localWallets.Add(Name, this);   // else Orleans has given this activation up, and will not say so again
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        TakeNoMore();
        var turn = TakeTurn();
        try
        {
            await turn.WaitAsync(cancellationToken);
            await base.OnDeactivateAsync(reason, cancellationToken);
        }
        finally
        {
            _ = PassOn(turn);   // to a gift that comes late, and is given back
        }
    }

    protected override void Retire()
    {
        TakeNoMore();
        base.Retire();
    }

    private void TakeNoMore()
    {
        IsGoing = true;
        localWallets.Remove(Name, this);
    }

    /// <summary>
    /// Completes once it is the turn of a gift that was handed over, until <see cref="EndTurn"/>. Throws <see cref="OverloadedException"/> if too many wait.
    /// </summary>
    public async ValueTask BeginTurn()
    {
        if (GiftsWaiting >= MostGiftsWaiting) throw new OverloadedException();
        GiftsWaiting++;
        await TakeTurn();
        GiftsWaiting--;
        if (!IsGoing && _time.GetElapsedTime(_keptAt) >= BetweenKeepings) KeepActive();
    }

    private void KeepActive()
    {
        _keptAt = _time.GetTimestamp();
        try
        {
            DelayDeactivation(KeptAfterGift);
        }
        catch (InvalidOperationException)
        {
            TakeNoMore();   // what Orleans says of an activation that is over
        }
    }

    public void EndTurn()
    {
        if (_waitingForTurn is not null && _waitingForTurn.TryDequeue(out var next)) next.SetResult();
        else _isTurnTaken = false;
    }

    private Task TakeTurn()
    {
        if (!_isTurnTaken)
        {
            _isTurnTaken = true;
            return Task.CompletedTask;
        }
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (_waitingForTurn ??= new()).Enqueue(turn);
        return turn.Task;
    }

    /// <summary>Ends a turn whose owner may not have waited for it.</summary>
    private async Task PassOn(Task turn)
    {
        await turn;
        EndTurn();
    }

    /// <summary>Around every call of this grain.</summary>
    Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext call) =>
        TurnTakers.GetOrAdd(call.InterfaceMethod, TakesTurn) ? InvokeInTurn(call) : call.Invoke();

    /// <summary>All but reads and what Orleans asks of every grain, as to deactivate.</summary>
    private static bool TakesTurn(MethodInfo method) => !method.IsDefined(typeof(AlwaysInterleaveAttribute)) && !method.DeclaringType!.IsAssignableTo(typeof(IGrainExtension));

    private async Task InvokeInTurn(IIncomingGrainCallContext call)
    {
        await TakeTurn();
        try
        {
            if (IsGoing) throw new UnavailableException("The wallet is being read anew; nothing was written. Retry.");
            await call.Invoke();
        }
        finally
        {
            EndTurn();
        }
    }
}
