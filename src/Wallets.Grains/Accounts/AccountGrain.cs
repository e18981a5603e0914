using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>
/// The fold of an account's first entries, kept so that activation reads a short tail: in storage, and on its way to another silo when
/// this one stops. Losing it only makes the tail longer.
/// </summary>
[GenerateSerializer, Alias("account-snapshot")]
internal sealed class AccountSnapshot
{
    /// <summary>The storage of snapshots, which need not be on disk when their writing is answered.</summary>
    public const string Storage = "snapshots";

    /// <summary>Whose it is: storage finds a row by a hash of the grain's key, and a hash is not an identity.</summary>
    [Id(0)] public string Name { get; set; } = "";

    [Id(1)] public long AccountId { get; set; }

    /// <summary>The state as JSON: a copy, because it is stored while the grain goes on changing its own.</summary>
    [Id(2)] public JsonElement? State { get; set; }
}

[GenerateSerializer, Alias("json-text")]
internal struct JsonText
{
    [Id(0)] public string Text;
}

/// <summary>How JSON travels between silos.</summary>
[RegisterConverter]
internal sealed class JsonTextConverter : IConverter<JsonElement, JsonText>
{
    public JsonElement ConvertFromSurrogate(in JsonText surrogate) => JsonElement.Parse(surrogate.Text);

    public JsonText ConvertToSurrogate(in JsonElement value) => new() { Text = value.GetRawText() };
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
    TimeProvider time,
    ILogger logger) : Grain where TState : AccountState, new()
{
    private const int TailPage = 5_000;
    private const int EntriesBetweenSnapshots = 384;
    private const int StaggerStep = 101;
    private const int EntriesBetweenSnapshotsOfReplay = 100_000;
    private const int EntriesWorthASnapshot = 32;

    private string? _name;
    private long? _accountId;
    private LedgerSession? _session;
    private long _snapshotSeq;
    private Task _saving = Task.CompletedTask;
    private bool _isAppending;
    private TaskCompletionSource? _appended;   // for those who wait, if any do

    protected TState State { get; private set; } = new();

    /// <summary>The ledger's clock as far as it is known: never before the account's last entry.</summary>
    protected DateTimeOffset Now => time.GetUtcNow() is var now && now > State.LastRecordedAt ? now : State.LastRecordedAt;

    protected KeyMemory Keys { get; } = new();
    protected string Name => _name ??= this.GetPrimaryKeyString();

    /// <summary>Null until the account has been opened, which is when its first entry is about to be written.</summary>
    protected long? AccountId => _accountId;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        try
        {
            BeginFromSnapshot();
            if (await ledger.FindTail(kind, Name, SeqBeforeTail) is not { } tail)
            {
                (State, _accountId, _snapshotSeq) = (new(), null, 0);   // whatever a snapshot says
                return;
            }
            if (!await ReplayTail(tail))
            {
                LogSnapshotIgnored(null, kind, Name);
                (State, _snapshotSeq) = (new(), 0);
                await ReplayTail(tail with { Entries = await ledger.Read(tail.AccountId, 0, AccountTail.Longest) });
            }
            _session = writer.OpenSession(tail.AccountId, State.Seq);
        }
        catch (LedgerFaultException fault)
        {
            LogNotLoaded(fault, kind, Name);
            throw new UnavailableException("The ledger does not answer.");
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _saving;
        if (State.Seq - _snapshotSeq >= EntriesWorthASnapshot) await SaveSnapshot();
        if (reason.ReasonCode is DeactivationReasonCode.ShuttingDown or DeactivationReasonCode.Migrating && _accountId is not null)
            snapshot.State = TakeSnapshot(_accountId.Value);   // goes along to the next silo
    }

    /// <summary>Begins from the snapshot if there is one of this account that can be read.</summary>
    private void BeginFromSnapshot()
    {
        var (name, accountId, fold) = (snapshot.State.Name, snapshot.State.AccountId, snapshot.State.State);
        snapshot.State = new();
        if (fold is null || !string.Equals(name, Name, StringComparison.Ordinal)) return;
        try
        {
            State = fold.Value.Deserialize<TState>()!;
            (_accountId, _snapshotSeq) = (accountId, State.Seq);
        }
        catch (JsonException fault)
        {
            LogSnapshotIgnored(fault, kind, Name);
        }
    }

    /// <summary>The snapshot's own entry belongs to its tail: they must agree on it.</summary>
    private long SeqBeforeTail => Math.Max(0, State.Seq - 1);

    /// <summary>
    /// Folds in what came after the snapshot; false, and nothing folded, if the snapshot is of another account or does not agree with the
    /// ledger's entry at its seq. A long tail is saved on the way, so that an activation that does not get to its end leaves the next one a shorter one.
    /// </summary>
    private async Task<bool> ReplayTail(AccountTail tail)
    {
        Keys.StartAfter(State);
        var (page, limit) = (tail.Entries, AccountTail.Longest);
        var fits = State.Seq == 0 || (_accountId == tail.AccountId && page.Count > 0 && page[0].BalanceAfter == State.Balance);
        _accountId = tail.AccountId;
        if (!fits) return false;
        while (true)
        {
            foreach (var entry in page)
                if (entry.Seq > State.Seq) Fold(entry);
            if (State.Seq - _snapshotSeq >= EntriesBetweenSnapshotsOfReplay) await SaveSnapshot();
            if (page.Count < limit) return true;
            (page, limit) = (await ledger.Read(tail.AccountId, State.Seq, TailPage), TailPage);
        }
    }

    /// <summary>Makes the account if this is its first use, and gives its id.</summary>
    protected async Task<long> OpenAccount()
    {
        if (_session is null)
        {
            _accountId = await ledger.OpenAccount(kind, Name);
            _session = writer.OpenSession(_accountId.Value, State.Seq);
        }
        return _session.AccountId;
    }

    /// <summary>
    /// Appends entries and folds them in once they are committed. Answers committed, or duplicate, after which nothing has changed.
    /// Throws if it cannot say either, and then this activation is over unless the queue was merely full.
    /// </summary>
    protected Appending Append(params IReadOnlyList<Entry> entries)
    {
        _isAppending = true;
        return new(this, entries, _session!.Append(entries).GetAwaiter());
    }

    private Appended Conclude(IReadOnlyList<Entry> entries, TaskAwaiter<Appended> append)
    {
        Appended appended;
        try
        {
            appended = append.GetResult();
        }
        catch (Exception)
        {
            Retire();   // a bug; whatever it left, the next activation reads it from the ledger
            throw;
        }
        finally
        {
            _isAppending = false;
            _appended?.SetResult();   // they go on after what follows here
            _appended = null;
        }
        switch (appended.Status)
        {
            case AppendStatus.Committed:
                for (var i = 0; i < entries.Count; i++) Fold(entries[i]);
                if (IsSnapshotDue && _saving.IsCompleted) _saving = SaveSnapshot();   // not awaited: it is a cache
                return appended;
            case AppendStatus.Duplicate:
                Keys.Distrust();
                return appended;
            case AppendStatus.Overloaded:
                throw new OverloadedException();
            case AppendStatus.Unknown:
                Retire();
                throw new OutcomeUnknownException();
            default:
                Retire();
                throw new UnavailableException(appended.Status == AppendStatus.Fenced ? "Another activation holds this account; retry." : "The ledger does not answer.");
        }
    }

    /// <summary>An append under way, to be awaited at once, and once. No task of its own, whose frame would stand while every gift waits.</summary>
    protected readonly struct Appending(AccountGrain<TState> account, IReadOnlyList<Entry> entries, TaskAwaiter<Appended> append) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => append.IsCompleted;
        public Appending GetAwaiter() => this;
        public void OnCompleted(Action continuation) => append.OnCompleted(continuation);
        public void UnsafeOnCompleted(Action continuation) => append.UnsafeOnCompleted(continuation);
        public Appended GetResult() => account.Conclude(entries, append);
    }

    /// <summary>This activation is over: what it knows may not be what the ledger holds. Never throws, even if Orleans has ended it already.</summary>
    protected virtual void Retire() => GrainContext.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "The account must be read again."));

    /// <summary>
    /// The entry this account originated with <paramref name="key"/>, or null. What memory holds is committed; it may rule a key out wrongly, which an append of it
    /// would meet; whoever is about to answer anything else asks <see cref="FindInLedger"/>.
    /// </summary>
    protected async ValueTask<Entry?> FindTransfer(Guid key) => Keys.Find(key) ?? (Keys.MayHold(key) ? await FindInLedger(key) : null);

    /// <summary>The entry this account originated with <paramref name="key"/>, or null: what the ledger says now.</summary>
    protected async Task<Entry?> FindInLedger(Guid key)
    {
        var accountId = _accountId ?? await ledger.FindAccount(kind, Name);
        var entry = accountId is null ? null : await ledger.FindTransfer(accountId.Value, key);
        await UntilFolded(entry?.Seq);
        return entry;
    }

    /// <summary>
    /// The ledger may show an entry before this grain hears that it is committed. Whoever reads one waits here until memory has it too, so that
    /// nobody is told what happened and then a balance from before.
    /// </summary>
    protected async ValueTask UntilFolded(long? seq)
    {
        if (!(seq > State.Seq && _isAppending)) return;
        _appended ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _appended.Task;
    }

    protected async Task<Page<StatementLine>> ReadStatement(long afterSeq, int limit)
    {
        if (AccountId is not { } accountId) return new([], null);
        var lines = await StatementLines.Read(ledger, accountId, afterSeq, limit);
        if (lines.Length > 0) await UntilFolded(lines[^1].Seq);
        return new(lines, lines.Length == limit ? lines[^1].Seq.ToString() : null);
    }

    /// <summary>Every so many entries, at another one for each account: creators who earn at the same rate would all save in the same moment.</summary>
    private bool IsSnapshotDue
    {
        get
        {
            var stagger = (_accountId ?? 0) * StaggerStep % EntriesBetweenSnapshots;
            return (State.Seq + stagger) / EntriesBetweenSnapshots > (_snapshotSeq + stagger) / EntriesBetweenSnapshots;
        }
    }

    private void Fold(Entry entry)
    {
        State.Apply(entry);
        if (entry.Kind != EntryKind.GiftReceived) Keys.Add(entry);
    }

    /// <summary>To decide several things, each on what the ones before it leave, before any of them is written.</summary>
    protected TState CopyOfState() => JsonSerializer.SerializeToElement(State).Deserialize<TState>()!;

    private AccountSnapshot TakeSnapshot(long accountId) => new() { Name = Name, AccountId = accountId, State = JsonSerializer.SerializeToElement(State) };

    /// <summary>One at a time: the state that is being stored must not be replaced. Never throws.</summary>
    private async Task SaveSnapshot()
    {
        var seq = State.Seq;
        snapshot.State = TakeSnapshot(_accountId!.Value);
        try
        {
            await snapshot.WriteStateAsync();
            _snapshotSeq = seq;
        }
        catch (InconsistentStateException)
        {
            Retire();   // another activation has written a snapshot, so this one is stale; or a crash of the database took the one that this one wrote
        }
        catch (Exception fault)
        {
            LogSnapshotLost(fault, kind, Name);
            _snapshotSeq = seq;   // tried again only when it would be due
        }
        snapshot.State = new();
    }

    [LoggerMessage(LogLevel.Warning, "{Kind} {Name} could not be loaded")]
    private partial void LogNotLoaded(Exception fault, AccountKind kind, string name);

    [LoggerMessage(LogLevel.Warning, "Snapshot of {Kind} {Name} does not fit the ledger; the account is read from its first entry")]
    private partial void LogSnapshotIgnored(Exception? fault, AccountKind kind, string name);

    [LoggerMessage(LogLevel.Warning, "Snapshot of {Kind} {Name} was not saved; its tail will be longer")]
    private partial void LogSnapshotLost(Exception fault, AccountKind kind, string name);
}
