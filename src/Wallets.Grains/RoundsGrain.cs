namespace Wallets.Grains;

/// <summary>What a <see cref="RoundsGrain{T}"/> looks after, with what it has to know of each.</summary>
[GenerateSerializer, Alias("rounds-state`1")]
internal sealed class RoundsState<T>
{
    [Id(0)] public Dictionary<Guid, T> Open { get; set; } = [];
}

/// <summary>
/// A grain of which there is one, that looks after many others by their ids: each is stored when it is added, asked in rounds whether it
/// is over, and forgotten once it is. So what was added is asked again whatever dies. Calls may interleave: there is one write at a
/// time, of a copy, and whoever changes something meanwhile shares the next one.
/// </summary>
internal abstract class RoundsGrain<T>(IPersistentState<RoundsState<T>> state) : Grain
{
    private const int AskedAtOnce = 500;

    private Dictionary<Guid, T>? _open;
    private Task _write = Task.CompletedTask;
    private Task? _nextWrite;

    private Dictionary<Guid, T> Changing => _open ??= new(state.State.Open);

    protected IReadOnlyDictionary<Guid, T> Open => Changing;

    /// <summary>Whether one is over, for ever.</summary>
    protected abstract Task<bool> IsOver(Guid id);

    /// <summary>It could not be asked; the next round tries again.</summary>
    protected abstract void LogNotAsked(Exception fault, Guid id);

    /// <summary>Completes once it is stored.</summary>
    protected Task Add(Guid id, T what) => Changing.TryAdd(id, what) ? Store() : _nextWrite ?? _write;

    protected Task Remove(IEnumerable<Guid> ids) => ids.Count(id => Changing.Remove(id)) > 0 ? Store() : Task.CompletedTask;

    protected async Task AskAll()
    {
        using var places = new SemaphoreSlim(AskedAtOnce);
        var asked = await Task.WhenAll(Open.Keys.ToList().Select(async id => (Id: id, IsOver: await Ask(id, places))));
        await Remove(asked.Where(one => one.IsOver).Select(one => one.Id));
    }

    private async Task<bool> Ask(Guid id, SemaphoreSlim places)
    {
        await places.WaitAsync();
        try
        {
            return await IsOver(id);
        }
        catch (Exception fault)
        {
            LogNotAsked(fault, id);
            return false;
        }
        finally
        {
            places.Release();
        }
    }

    private Task Store() => _nextWrite ?? (_write.IsCompleted ? _write = Write() : _nextWrite = WriteNext());

    private async Task WriteNext()
    {
        await Task.WhenAny(_write);   // how that one ends, those who wait for it hear
        _nextWrite = null;
        await (_write = Write());
    }

    private async Task Write()
    {
        try
        {
            state.State = new() { Open = new(Changing) };
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }
}
