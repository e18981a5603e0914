namespace Wallets.Ledger;

/// <summary>
/// Group read, as <see cref="LedgerWriter"/> is group commit: a lone look-up goes at once, and those that come while two queries
/// are under way go together in the next one, so that a thousand callers who repeat old keys cost a handful of round trips. A failed
/// query fails the look-ups that were in it; a value that cannot be read, only its own.
/// </summary>
/// <param name="read">Finds what there is; keys without value are left out.</param>
/// <param name="mostInOne">So many look-ups share one query at most.</param>
/// <param name="linger">
/// How long after one query the same reader's next one begins, unless there is enough to fill it; for keys whose values cost less than the query does.
/// </param>
internal sealed class GroupedReads<TKey, TValue>(Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read, int mostInOne, TimeSpan linger, TimeProvider time) where TKey : notnull where TValue : class
{
    private const int MostAtOnce = 2;

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
            var startedAt = time.GetTimestamp();
            await Read(group);
            var left = linger - time.GetElapsedTime(startedAt);
            if (left > TimeSpan.Zero && group.Count < mostInOne) await Task.Delay(left, time);
        }
    }

    private async Task Read(List<(TKey Key, TaskCompletionSource<TValue?> Found)> group)
    {
        try
        {
            var values = await read([.. group.Select(one => one.Key).Distinct()]);
            foreach (var (key, found) in group) found.SetResult(values.GetValueOrDefault(key));
        }
        catch (Exception fault) when (fault is LedgerFaultException || group.Count == 1)
        {
            foreach (var (_, found) in group) found.TrySetException(fault);
        }
        catch (Exception)
        {
            // Something in it makes no sense: the halves are read apart, so that it fails alone.
            await Read(group[..(group.Count / 2)]);
            await Read(group[(group.Count / 2)..]);
        }
    }

    /// <summary>The next group; empty if there is none, and then this reader counts as gone.</summary>
    private List<(TKey Key, TaskCompletionSource<TValue?> Found)> Take()
    {
        var group = new List<(TKey, TaskCompletionSource<TValue?>)>();
        lock (_lock)
        {
            while (group.Count < mostInOne && _waiting.TryDequeue(out var one)) group.Add(one);
            if (group.Count == 0) _underWay--;
        }
        return group;
    }
}
