using System.Text.Json.Serialization;

namespace Wallets.Ledger.Accounts;

/// <summary>
/// What is known of an account after its first <see cref="Seq"/> entries: a pure fold, the same wherever and whenever it is made.
/// A snapshot of it is a cache; the entries are the truth.
/// </summary>
public abstract class AccountState
{
    [JsonInclude] public long Seq { get; private set; }
    [JsonInclude] public long Balance { get; private set; }

    /// <summary>When the last entry was recorded.</summary>
    [JsonInclude] public DateTimeOffset LastRecordedAt { get; private set; }

    /// <summary>Folds in the next entry. Throws <see cref="BrokenChainException"/> if it does not follow or does not add up; then the state is of no more use.</summary>
    public void Apply(Entry entry)
    {
        if (entry.Seq != Seq + 1) throw new BrokenChainException(entry, $"follows {Seq}");
        if (entry.BalanceAfter != Balance + entry.Amount) throw new BrokenChainException(entry, $"balance {entry.BalanceAfter} is not {Balance} + {entry.Amount}");
        if (entry.BalanceAfter < 0 && entry.Kind <= EntryKind.StandingChanged) throw new BrokenChainException(entry, $"balance {entry.BalanceAfter} is below the floor");

        Fold(entry);
        (Seq, Balance, LastRecordedAt) = (entry.Seq, entry.BalanceAfter, entry.RecordedAt);
    }

    /// <summary>
    /// Folds in gifts in a row, or credits of one day and hold in a row, as one of their sum. <paramref name="last"/> is where they end;
    /// how much they moved, the balances say. It makes no difference to the state.
    /// </summary>
    internal void ApplyRun(Entry last)
    {
        Apply(last with { Seq = Seq + 1, Amount = checked(last.BalanceAfter - Balance) });
        Seq = last.Seq;
    }

    protected abstract void Fold(Entry entry);
}

/// <summary>Entries that do not form an account: the ledger or the fold is wrong, and nothing may be built on it.</summary>
public sealed class BrokenChainException(Entry entry, string problem)
    : Exception($"Account {entry.AccountId}, entry {entry.Seq} ({entry.Kind}): {problem}.");

/// <summary>An amount of a UTC day, the day being counted from 0001-01-01.</summary>
public readonly record struct DayAmount(int Day, long Amount)
{
    public static int DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime).DayNumber;

    /// <summary>Where the day is among <paramref name="days"/>, or -1. A loop: every gift asks, and a lambda would be an object each time.</summary>
    internal static int Find(List<DayAmount> days, int day)
    {
        for (var i = days.Count - 1; i >= 0; i--)
            if (days[i].Day == day) return i;
        return -1;
    }
}
