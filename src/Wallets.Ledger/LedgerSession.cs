namespace Wallets.Ledger;

/// <summary>How an append ended.</summary>
public enum AppendStatus
{
    /// <summary>In the ledger, exactly once, by this append or an earlier attempt at the very same entries.</summary>
    Committed,
    /// <summary>Nothing was written: the account holds the transfer already, at another seq.</summary>
    Duplicate,
    /// <summary>Nothing was written: another writer took the seq, so what this one knows of the account is stale.</summary>
    Fenced,
    /// <summary>Nothing was written: the queue is full.</summary>
    Overloaded,
    /// <summary>Nothing was written: the database does not answer, or the session was broken before.</summary>
    Unavailable,
    /// <summary>It may or may not be written.</summary>
    Unknown,
}

/// <summary>The end of an append; <see cref="RecordedAt"/> is set if it is committed.</summary>
public readonly record struct Appended(AppendStatus Status, DateTimeOffset RecordedAt = default)
{
    public bool IsCommitted => Status == AppendStatus.Committed;
}

/// <summary>
/// One writer's right to append to one account, from the last entry it knows. Once an append is fenced, unknown or was not
/// written for a fault, the session is broken: later appends fail unsent, and its owner must read the account again.
/// A duplicate or a full queue leaves what the owner knows true, and the session whole.
/// </summary>
public sealed class LedgerSession
{
    private readonly LedgerWriter _writer;
    private long _lastSeq;
    private volatile bool _broken;

    internal LedgerSession(LedgerWriter writer, long accountId, long lastSeq)
    {
        _writer = writer;
        AccountId = accountId;
        _lastSeq = lastSeq;
    }

    public long AccountId { get; }

    public bool IsBroken => _broken;

    public Task<Appended> Append(Entry entry) => Append([entry]);

    /// <summary>Appends consecutive entries, all or none. One append at a time: the next only after this one has ended.</summary>
    public Task<Appended> Append(IReadOnlyList<Entry> entries)
    {
        if (_broken) return Task.FromResult(new Appended(AppendStatus.Unavailable));
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.AccountId != AccountId || entry.Seq != _lastSeq + 1 + i)
                return Task.FromException<Appended>(new ArgumentException($"Entry {entry.AccountId}/{entry.Seq} does not follow {AccountId}/{_lastSeq}.", nameof(entries)));
        }
        return _writer.Append(this, new Append(AccountId, entries));
    }

    /// <summary>The writer says how an append ended, once, before whoever waits for it hears.</summary>
    internal void End(Append append, Appended appended)
    {
        switch (appended.Status)
        {
            case AppendStatus.Committed:
                _lastSeq += append.Entries.Count;
                for (var i = 0; i < append.Entries.Count; i++) append.Entries[i].Record(appended.RecordedAt);
                break;
            case AppendStatus.Fenced or AppendStatus.Unavailable or AppendStatus.Unknown:
                Break();
                break;
        }
    }

    internal void Break() => _broken = true;
}
