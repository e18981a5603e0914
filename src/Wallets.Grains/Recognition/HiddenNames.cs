using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Recognition;

/// <summary>
/// The silo's list of viewers who give anonymously, refreshed in the background every two seconds while it is asked for. Whoever shows a
/// viewer's name to others asks here. A list that nobody has asked for in a while is waited for; while the database is out of reach, the
/// last one counts.
/// </summary>
internal sealed class HiddenNames(ILedger ledger, TimeProvider time)
{
    private const int Page = 5_000;
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WaitedForAfter = TimeSpan.FromSeconds(10);

    /// <summary>A choice may show after one that was made later: both were under way at once.</summary>
    private const int LookBack = 1_000;

    private readonly RecognitionBooks _books = new(ledger);
    private readonly Lock _lock = new();
    private readonly HashSet<string> _hidden = [];
    private Task? _refresh;
    private bool _isKnown;
    private long _askedAt;
    private long _knownAt;
    private long _seq;
    private long _hidings;

    /// <summary>Grows whenever a name becomes hidden.</summary>
    public long Hidings
    {
        get { lock (_lock) return _hidings; }
    }

    /// <summary>The name as others see it: null if it is hidden.</summary>
    public async ValueTask<string?> Shown(string userId)
    {
        await Refreshed();
        return ShownNow(userId);
    }

    /// <summary>The same by the list as it is, for whoever has awaited <see cref="Refreshed"/> lately. Without a list nobody is shown.</summary>
    public string? ShownNow(string userId)
    {
        lock (_lock) return _isKnown && !_hidden.Contains(userId) ? userId : null;
    }

    /// <summary>Has the list refreshed in time; completed already while it is.</summary>
    public Task Refreshed()
    {
        lock (_lock)
        {
            if (_refresh is { IsCompleted: true }) _refresh = null;
            if (_refresh is null && (!_isKnown || time.GetElapsedTime(_askedAt) >= RefreshAfter))
            {
                var askedAt = _askedAt = time.GetTimestamp();
                _refresh = Task.Run(() => Read(askedAt));   // off the asking grain's scheduler: others wait for it too
            }
            if (!_isKnown) return _refresh!;
            return _refresh is null || time.GetElapsedTime(_knownAt) < WaitedForAfter ? Task.CompletedTask : Task.WhenAny(_refresh);
        }
    }

    private async Task Read(long askedAt)
    {
        var seq = Math.Max(0, _seq - LookBack);
        IReadOnlyList<(long Seq, long AccountId, bool IsHidden)> choices;
        do
        {
            choices = await _books.ReadChoices(seq, Page);
            var latest = choices.Reverse().DistinctBy(choice => choice.AccountId).ToList();
            var names = await ledger.NameAccounts([.. latest.Select(choice => choice.AccountId)]);
            if (choices.Count > 0) seq = choices[^1].Seq;
            lock (_lock)
            {
                foreach (var choice in latest)
                {
                    if (!choice.IsHidden) _hidden.Remove(names[choice.AccountId]);
                    else if (_hidden.Add(names[choice.AccountId])) _hidings++;
                }
                _seq = Math.Max(_seq, seq);
            }
        }
        while (choices.Count == Page);
        lock (_lock) (_isKnown, _knownAt) = (true, askedAt);
    }
}
