using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Wallets.Ledger;

/// <summary>How the writer batches and when it gives up.</summary>
public sealed class LedgerWriterOptions
{
    /// <summary>Appends that may wait; more are refused as overloaded.</summary>
    public int QueueLimit { get; set; } = 16_384;

    /// <summary>Entries that one flush takes at most.</summary>
    public int MaxBatch { get; set; } = 4_096;

    /// <summary>
    /// From the beginning of one flush to that of the next, at the least. A flush costs the database as much as the entries
    /// of many gifts, so that writers who flushed whenever they can would take the processor time that there is, at any load.
    /// </summary>
    public TimeSpan BetweenFlushes { get; set; } = TimeSpan.FromMilliseconds(4);

    /// <summary>
    /// How old an append may be when it is sent, for the first time or again. Shorter than a caller's time-out, so that a process
    /// that was paused does not wake to commit what its caller has long been told otherwise.
    /// </summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromSeconds(4);
}

/// <summary>
/// Group commit. For some milliseconds after a flush began, and while each writer has one on its way to the database, the appends of all
/// grains on this silo collect; the next flush takes them together. A lone append goes at once. An append is answered only after the commit that contains
/// it. A failed flush is tried again as it is: (account, seq) makes a second commit of the same entries impossible, and a conflict
/// with the very same entries means that the first one had succeeded. If the process dies, whatever was not answered is unknown
/// to the callers and decided by the database.
/// </summary>
public sealed partial class LedgerWriter : IAsyncDisposable
{
    private readonly ILedger _ledger;
    private readonly LedgerWriterOptions _options;
    private readonly LedgerMetrics _metrics;
    private readonly ILogger<LedgerWriter> _logger;
    private readonly TimeProvider _time;
    private readonly Channel<Pending> _queue;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Task[] _loops;
    private readonly CancellationTokenSource _abandoned = new();
    private Task _pause = Task.CompletedTask;   // until the next flush may begin; for whoever has the turn

    public LedgerWriter(ILedger ledger, LedgerWriterOptions options, LedgerMetrics metrics, ILogger<LedgerWriter> logger, TimeProvider time)
    {
        (_ledger, _options, _metrics, _logger, _time) = (ledger, options, metrics, logger, time);
        _queue = Channel.CreateBounded<Pending>(options.QueueLimit);
        _loops = [.. Enumerable.Range(0, ledger.Writers).Select(_ => Task.Run(Run))];
        metrics.QueueLength = () => _queue.Reader.Count;
    }

    /// <summary>Opens the right to append to an account after its entry <paramref name="lastSeq"/> (0 for none).</summary>
    public LedgerSession OpenSession(long accountId, long lastSeq) => new(this, accountId, lastSeq);

    internal Task<Appended> Append(LedgerSession session, Append append)
    {
        var pending = new Pending(session, append, _time.GetTimestamp());
        if (_queue.Writer.TryWrite(pending)) return pending.Ended;

        _metrics.Overloaded();
        pending.End(new(_abandoned.IsCancellationRequested ? AppendStatus.Unavailable : AppendStatus.Overloaded));
        return pending.Ended;
    }

    /// <summary>One writer. Any of them may flush any account: a session has one append on its way at a time, and between two sessions the fence decides.</summary>
    private async Task Run()
    {
        var batch = new List<Pending>();
        while (await Take(batch))
        {
            if (batch.Count > 0) await Flush(batch);
            batch.Clear();
        }
    }

    /// <summary>
    /// Takes what waits, or will; one writer at a time, so that the pause lies between the flushes of all. The batch is empty if only appends
    /// of broken sessions waited. False once there will be nothing more.
    /// </summary>
    private async Task<bool> Take(List<Pending> batch)
    {
        await _turn.WaitAsync();
        try
        {
            if (!await _queue.Reader.WaitToReadAsync()) return false;
            await _pause;
            _pause = Task.Delay(_options.BetweenFlushes, _time);
            var entries = 0;
            while (entries < _options.MaxBatch && _queue.Reader.TryRead(out var pending))
            {
                if (pending.Session.IsBroken)
                {
                    pending.End(new(AppendStatus.Unavailable));
                    continue;
                }
                batch.Add(pending);
                entries += pending.Append.Entries.Count;
            }
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends every append of the batch. Never throws: what a bug leaves open is unknown.</summary>
    private async Task Flush(List<Pending> batch)
    {
        try
        {
            await CommitOrGiveUp(batch);
        }
        catch (Exception bug)
        {
            LogFlushBroke(bug, batch.Count);
            foreach (var pending in batch) pending.End(new(AppendStatus.Unknown));
        }
    }

    private async Task CommitOrGiveUp(List<Pending> batch)
    {
        var mayHaveCommitted = false;
        for (var attempt = 0; ; attempt++)
        {
            GiveUpOnTheOld(batch, mayHaveCommitted);
            try
            {
                await CommitOrSplit(batch);
                return;
            }
            catch (LedgerFaultException fault)
            {
                mayHaveCommitted |= fault.MayHaveCommitted;
                _metrics.FlushFailed();
                LogFlushFailed(fault, batch.Count, attempt + 1, fault.MayHaveCommitted);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(500, 20 << Math.Min(attempt, 6))), _time);
        }
    }

    private void GiveUpOnTheOld(List<Pending> batch, bool mayHaveCommitted)
    {
        foreach (var pending in batch)
            if (_abandoned.IsCancellationRequested || _time.GetElapsedTime(pending.EnqueuedAt) >= _options.GiveUpAfter)
                pending.End(new(mayHaveCommitted ? AppendStatus.Unknown : AppendStatus.Unavailable));
    }

    /// <summary>
    /// Commits the batch. On a conflict, ends the appends that the ledger has a verdict on and commits the others; if it has none,
    /// the halves are committed apart, so that whatever is wrong with one append fails that one alone.
    /// </summary>
    private async Task CommitOrSplit(List<Pending> batch)
    {
        var open = batch.FindAll(pending => !pending.Ended.IsCompleted);
        while (open.Count > 0)
        {
            var appends = open.ConvertAll(pending => pending.Append);
            var result = await _ledger.Commit(appends, _abandoned.Token);
            if (result.RecordedAt is { } recordedAt)
            {
                Committed(open, appends, recordedAt);
                return;
            }

            var verdicts = await _ledger.Judge(appends, _abandoned.Token);
            var free = new List<Pending>();
            for (var i = 0; i < open.Count; i++)
            {
                if (verdicts[i].Status is { } status) End(open[i], new(status, verdicts[i].RecordedAt));
                else free.Add(open[i]);
            }

            if (free.Count == open.Count)
            {
                if (open.Count == 1)
                {
                    open[0].Fail(new InvalidOperationException($"The database refuses entry {appends[0].AccountId}/{appends[0].Entries[0].Seq}, and not for a conflict."));
                    return;
                }
                await CommitOrSplit(open[..(open.Count / 2)]);
                await CommitOrSplit(open[(open.Count / 2)..]);
                return;
            }
            open = free;
        }
    }

    private void Committed(List<Pending> batch, List<Append> appends, DateTimeOffset recordedAt)
    {
        _metrics.Flushed(appends.Sum(append => append.Entries.Count));
        foreach (var pending in batch) End(pending, new(AppendStatus.Committed, recordedAt));
    }

    private void End(Pending pending, Appended appended)
    {
        _metrics.Ended(appended.Status, _time.GetElapsedTime(pending.EnqueuedAt));
        if (appended.Status == AppendStatus.Fenced) LogFenced(pending.Append.AccountId, pending.Append.Entries[0].Seq);
        pending.End(appended);
    }

    /// <summary>Takes no more appends and lets those that wait end; after <see cref="LedgerWriterOptions.GiveUpAfter"/> they end unknown.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        var drained = Task.WhenAll(_loops);
        if (await Task.WhenAny(drained, Task.Delay(_options.GiveUpAfter, _time)) != drained) await _abandoned.CancelAsync();
        await drained;
        _abandoned.Dispose();
        _turn.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "Flush of {Appends} appends failed at attempt {Attempt}; may have committed: {MayHaveCommitted}")]
    private partial void LogFlushFailed(Exception fault, int appends, int attempt, bool mayHaveCommitted);

    [LoggerMessage(LogLevel.Warning, "Fenced: another writer holds {Account}/{Seq}")]
    private partial void LogFenced(long account, long seq);

    [LoggerMessage(LogLevel.Critical, "Flush of {Appends} appends broke")]
    private partial void LogFlushBroke(Exception bug, int appends);

    private sealed class Pending(LedgerSession session, Append append, long enqueuedAt) : TaskCompletionSource<Appended>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public LedgerSession Session => session;
        public Append Append => append;
        public long EnqueuedAt => enqueuedAt;
        public Task<Appended> Ended => Task;

        /// <summary>Nothing if it has ended before.</summary>
        public void End(Appended appended)
        {
            if (Task.IsCompleted) return;
            session.End(append, appended);
            SetResult(appended);
        }

        public void Fail(Exception bug)
        {
            session.Break();
            SetException(bug);
        }
    }
}
