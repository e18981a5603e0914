namespace Wallets.Ledger;

/// <summary>
/// Group read, as <see cref="LedgerWriter"/> is group commit: look-ups that come while others are on their way go together in the
/// next query, so that a thousand callers who repeat old keys cost a handful of round trips. A lone look-up goes at once. A
/// failed query fails the look-ups that were in it.
/// </summary>
/// <param name="read">Finds what there is; keys without value are left out.</param>
internal sealed class GroupedReads<TKey, TValue>(Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read) where TKey : notnull where TValue : class
{
    private const int MostAtOnce = 2;
    private const int MostInOne = 500;

    private readonly Lock _lock = new();
    private readonly Queue<(TKey Key, TaskCompletionSource<TValue?> Found)> _waiting = new();
    private int _underWay;

    public Task<TValue?> Find(TKey key)
    {
        var found = new TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Enqueue((key, found));
            if (_underWay == MostAtOnce) return found.Task;
            _underWay++;
        }
        _ = Task.Run(ReadAll);   // ends by itself; its failures are those of the look-ups
        return found.Task;
    }

    private async Task ReadAll()
    {
        while (Take() is { Count: > 0 } group)
        {
            try
            {
                var values = await read([.. group.Select(one => one.Key).Distinct()]);
                foreach (var (key, found) in group) found.SetResult(values.GetValueOrDefault(key));
            }
            catch (Exception fault)
            {
                foreach (var (_, found) in group) found.TrySetException(fault);
            }
        }
    }

    /// <summary>The next group; empty if there is none, and then this reader counts as gone.</summary>
    private List<(TKey Key, TaskCompletionSource<TValue?> Found)> Take()
    {
        var group = new List<(TKey, TaskCompletionSource<TValue?>)>();
        lock (_lock)
        {
            while (group.Count < MostInOne && _waiting.TryDequeue(out var one)) group.Add(one);
            if (group.Count == 0) _underWay--;
        }
        return group;
    }
}
