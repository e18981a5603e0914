using System.Collections.Immutable;

namespace Wallets.Grains;

/// <summary>What a <see cref="RoundsGrain{T}"/> looks after, with what it has to know of each.</summary>
[GenerateSerializer, Alias("rounds-state`1")]
internal sealed record RoundsState<T>
{
    [Id(0)] public ImmutableDictionary<Guid, T> Open { get; init; } = ImmutableDictionary<Guid, T>.Empty;
}

/// <summary>
/// A grain of which there is one, that looks after many others by their ids: each is stored when it is added, asked in rounds whether it
/// is over, and forgotten once it is. So what was added is asked again whatever dies.
/// </summary>
internal abstract class RoundsGrain<T>(IPersistentState<RoundsState<T>> stored) : InterleavingGrain<RoundsState<T>>(stored)
{
    private const int AskedAtOnce = 500;

    protected ImmutableDictionary<Guid, T> Open
    {
        get => State.Open;
        private set => State = new() { Open = value };
    }

    /// <summary>Whether one is over, for ever.</summary>
    protected abstract Task<bool> IsOver(Guid id);

    /// <summary>It could not be asked; the next round tries again.</summary>
    protected abstract void LogNotAsked(Exception fault, Guid id);

    /// <summary>Completes once it is stored.</summary>
    protected Task Add(Guid id, T what)
    {
        if (!Open.ContainsKey(id)) Open = Open.Add(id, what);
        return Store();
    }

    protected Task Remove(IEnumerable<Guid> ids)
    {
        var left = Open.RemoveRange(ids);
        if (left != Open) Open = left;
        return Store();
    }

    protected async Task AskAll()
    {
        using var places = new SemaphoreSlim(AskedAtOnce);
        var asked = await Task.WhenAll(Open.Keys.Select(async id => (Id: id, IsOver: await Ask(id, places))));
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
}
