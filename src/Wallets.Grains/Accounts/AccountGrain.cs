using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>The fold of an account's first entries, kept so that activation reads a short tail. Losing it only makes the tail longer.</summary>
internal sealed class AccountSnapshot
{
    public long AccountId { get; set; }

    /// <summary>The state as JSON: a copy, because it is stored while the grain goes on changing its own.</summary>
    public JsonElement? State { get; set; }
}

/// <summary>
/// A grain in front of one account of the ledger. It owns the fold of the account's committed entries and the session that may
/// append the next one. Memory changes only after a commit; when an append ends in any way that leaves the account's last entry
/// in doubt, the activation answers nothing more and goes, and the next one reads the ledger. One append at a time: calls that
/// move value do not interleave, reads do.
/// </summary>
internal abstract partial class AccountGrain<TState>(
    AccountKind kind,
    IPersistentState<AccountSnapshot> snapshot,
    ILedger ledger,
    LedgerWriter writer,
    ILogger logger) : Grain where TState : AccountState, new()
{
    private const int TailPage = 1_000;
    private const int EntriesBetweenSnapshots = 256;
    private const int EntriesWorthASnapshot = 32;

    private string? _name;
    private LedgerSession? _session;
    private long _snapshotSeq;

    protected TState State { get; private set; } = new();
    protected KeyMemory Keys { get; } = new();
    protected string Name => _name ??= this.GetPrimaryKeyString();

    /// <summary>Null until the account has been opened, which is when its first entry is about to be written.</summary>
    protected long? AccountId => _session?.AccountId;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        try
        {
            var accountId = snapshot.State.AccountId is not 0 and var known ? known : await ledger.FindAccount(kind, Name);
            if (accountId is null) return;

            State = snapshot.State.State?.Deserialize<TState>() ?? new TState();
            snapshot.State = new();
            _snapshotSeq = State.Seq;
            Keys.StartAfter(State);
            for (var more = true; more;)
            {
                var tail = await ledger.Read(accountId.Value, State.Seq, TailPage);
                foreach (var entry in tail) Fold(entry);
                more = tail.Count == TailPage;
            }
            _session = writer.OpenSession(accountId.Value, State.Seq);
        }
        catch (LedgerFaultException fault)
        {
            LogNotLoaded(fault, kind, Name);
            throw new UnavailableException("The ledger does not answer.");
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (State.Seq - _snapshotSeq >= EntriesWorthASnapshot) await SaveSnapshot();
    }

    /// <summary>Makes the account if this is its first use, and gives its id.</summary>
    protected async Task<long> OpenAccount()
    {
        if (_session is null)
        {
            var accountId = await ledger.OpenAccount(kind, Name);
            _session = writer.OpenSession(accountId, 0);
        }
        return _session.AccountId;
    }

    /// <summary>
    /// Appends entries and folds them in once they are committed. Answers true for committed and false for a duplicate, after which
    /// nothing has changed. Throws if it cannot say either, and then this activation is over unless the queue was merely full.
    /// </summary>
    protected async Task<Appended> Append(params IReadOnlyList<Entry> entries)
    {
        var appended = await _session!.Append(entries);
        switch (appended.Status)
        {
            case AppendStatus.Committed:
                foreach (var entry in entries) Fold(entry with { RecordedAt = appended.RecordedAt });
                if (State.Seq - _snapshotSeq >= EntriesBetweenSnapshots) SaveSnapshot().Ignore();   // safe to lose: it is a cache
                return appended;
            case AppendStatus.Duplicate:
                Keys.Distrust();
                return appended;
            case AppendStatus.Overloaded:
                throw new OverloadedException();
            case AppendStatus.Unknown:
                DeactivateOnIdle();
                throw new OutcomeUnknownException();
            default:
                DeactivateOnIdle();
                throw new UnavailableException(appended.Status == AppendStatus.Fenced ? "Another activation holds this account; retry." : "The ledger does not answer.");
        }
    }

    /// <summary>The entry this account originated with <paramref name="key"/>, or null. Reads the ledger only if memory cannot rule the key out.</summary>
    protected async Task<Entry?> FindTransfer(Guid key) =>
        AccountId is { } accountId && Keys.MayHold(key) ? await ledger.FindTransfer(accountId, key) : null;

    protected async Task<Page<StatementLine>> ReadStatement(long afterSeq, int limit)
    {
        if (AccountId is not { } accountId) return new([], null);
        var entries = await ledger.Read(accountId, afterSeq, limit);
        var others = entries.Select(entry => entry.Counterparty).Where(id => id != 0).Distinct().ToList();
        var names = await ledger.NameAccounts(others);
        var received = entries.Any(entry => entry.Kind == EntryKind.GiftReceived)
            ? (await ledger.ReadReceived(accountId, afterSeq, entries[^1].Seq, limit)).ToDictionary(gift => gift.Seq, gift => gift.Debit.Gift)
            : [];
        return new([.. entries.Select(entry => StatementLines.Of(entry, names, entry.Gift ?? received.GetValueOrDefault(entry.Seq)))], entries.Count == limit ? entries[^1].Seq.ToString() : null);
    }

    private void Fold(Entry entry)
    {
        State.Apply(entry);
        if (entry.Kind != EntryKind.GiftReceived) Keys.Add(entry);
    }

    private async Task SaveSnapshot()
    {
        _snapshotSeq = State.Seq;
        snapshot.State = new() { AccountId = AccountId!.Value, State = JsonSerializer.SerializeToElement(State) };
        try
        {
            await snapshot.WriteStateAsync();
            snapshot.State = new();
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle();   // another activation has written a snapshot, so this one is stale
        }
        catch (Exception fault)
        {
            LogSnapshotLost(fault, kind, Name);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Kind} {Name} could not be loaded")]
    private partial void LogNotLoaded(Exception fault, AccountKind kind, string name);

    [LoggerMessage(LogLevel.Warning, "Snapshot of {Kind} {Name} was not saved; its tail will be longer")]
    private partial void LogSnapshotLost(Exception fault, AccountKind kind, string name);
}
