namespace Wallets.Grains;

/// <summary>
/// A grain whose calls interleave. Its state is a value that is replaced, never changed: what storage is writing stays what it is while
/// the next calls go on. There is one write at a time, and whoever changes something meanwhile shares the next one. After a write that
/// failed no other is tried: memory is ahead of storage, and the grain is activated anew.
/// </summary>
internal abstract class InterleavingGrain<TState>(IPersistentState<TState> stored) : Grain where TState : class
{
    private TState? _state;
    private Task _write = Task.CompletedTask;
    private Task? _nextWrite;

    /// <summary>As this grain knows it; some of it may not be stored yet.</summary>
    protected TState State
    {
        get => _state ??= stored.State;
        set => _state = value;
    }

    /// <summary>Completes once the state as it is now is stored.</summary>
    protected Task Store()
    {
        if (ReferenceEquals(State, stored.State)) return _write;   // the last one wrote it, or is writing it
        return _nextWrite ?? (_write.IsCompletedSuccessfully ? _write = Write() : _nextWrite = WriteNext());
    }

    private async Task WriteNext()
    {
        await _write;
        _nextWrite = null;
        await (_write = Write());
    }

    private async Task Write()
    {
        var before = stored.State;
        try
        {
            stored.State = State;
            await stored.WriteStateAsync();
        }
        catch (Exception)
        {
            stored.State = before;   // what is not stored does not move to another silo either
            DeactivateOnIdle();
            throw;
        }
    }
}
