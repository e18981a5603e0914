using Wallets.Ledger;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Recognition;

/// <summary>
/// The silo's list of viewers who give anonymously, refreshed in the background every two seconds while it is asked for. Whoever shows a
/// viewer's name to others asks here. While the database is out of reach, the last list counts.
/// </summary>
internal sealed class HiddenNames(ILedger ledger, TimeProvider time)
{
    private const int Page = 5_000;
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(2);

    /// <summary>A choice may show after one that was made later: both were under way at once.</summary>
    private const int LookBack = 1_000;

    private readonly RecognitionBooks _books = new(ledger);
    private readonly Lock _lock = new();
    private readonly HashSet<string> _hidden = [];
    private Task? _refresh;
    private bool _isKnown;
    private long _askedAt;
    private long _seq;

    /// <summary>The name as others see it: null if it is hidden.</summary>
    public async ValueTask<string?> Shown(string userId)
    {
        await Refreshed();
        lock (_lock) return _hidden.Contains(userId) ? null : userId;
    }

    /// <summary>Waits for the first list only.</summary>
    private Task Refreshed()
    {
        lock (_lock)
        {
            if (_refresh is { IsCompleted: true })
            {
                _isKnown |= _refresh.IsCompletedSuccessfully;
                _refresh = null;
            }
            if (_refresh is null && (!_isKnown || time.GetElapsedTime(_askedAt) >= RefreshAfter))
            {
                _askedAt = time.GetTimestamp();
                _refresh = Task.Run(Read);   // off the asking grain's scheduler: others wait for it too
            }
            return _isKnown ? Task.CompletedTask : _refresh!;
        }
    }

    private async Task Read()
    {
        var seq = Math.Max(0, _seq - LookBack);
        IReadOnlyList<(long Seq, long AccountId, bool IsHidden)> choices;
        do
        {
            choices = await _books.ReadChoices(seq, Page);
            var names = await ledger.NameAccounts([.. choices.Select(choice => choice.AccountId).Distinct()]);
            lock (_lock)
            {
                foreach (var choice in choices)
                {
                    seq = choice.Seq;
                    if (choice.IsHidden) _hidden.Add(names[choice.AccountId]);
                    else _hidden.Remove(names[choice.AccountId]);
                }
                _seq = Math.Max(_seq, seq);
            }
        }
        while (choices.Count == Page);
    }
}
