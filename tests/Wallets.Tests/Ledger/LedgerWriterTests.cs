using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>Group commit over real engines, with the faults of a network planned in.</summary>
public sealed class LedgerWriterTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Appends_that_wait_go_together_and_all_are_committed(Engine engine)
    {
        await using var given = await Given(engine);
        var accounts = await given.OpenWallets(500);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var appends = accounts.Select(account => given.Writer.OpenSession(account, 0).Append(Some.Purchase(account, 10))).ToList();
        gate.SetResult();
        var ends = await Task.WhenAll(appends);

        Assert.All(ends, end => Assert.Equal(AppendStatus.Committed, end.Status));
        Assert.InRange(given.Ledger.Commits, 1, 20);
        foreach (var account in accounts) Assert.Equal(1, await given.Ledger.LastSeq(account));
    }

    [Fact]
    public async Task A_lone_append_goes_at_once_and_those_within_the_pause_after_it_together()
    {
        var time = new FakeTimeProvider();
        await using var given = await Given(Engine.Sqlite, time: time);
        var accounts = await given.OpenWallets(11);

        await given.Writer.OpenSession(accounts[0], 0).Append(Some.Purchase(accounts[0], 10));
        var appends = accounts.Skip(1).Select(account => given.Writer.OpenSession(account, 0).Append(Some.Purchase(account, 10))).ToList();
        Assert.DoesNotContain(appends, append => append.IsCompleted);
        Assert.Equal(1, given.Ledger.Commits);
        time.Advance(new LedgerWriterOptions().BetweenFlushes);

        Assert.All(await Task.WhenAll(appends), end => Assert.Equal(AppendStatus.Committed, end.Status));
        Assert.Equal(2, given.Ledger.Commits);
    }

    [Fact]
    public async Task While_one_writer_waits_for_the_database_another_flushes_once_the_pause_is_over()
    {
        var time = new FakeTimeProvider();
        await using var given = await Given(Engine.Postgres, time: time);
        var accounts = await given.OpenWallets(2);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var first = given.Writer.OpenSession(accounts[0], 0).Append(Some.Purchase(accounts[0], 10));
        await Eventually.Is(() => Task.FromResult(given.Ledger.Commits), commits => commits == 1);
        var second = given.Writer.OpenSession(accounts[1], 0).Append(Some.Purchase(accounts[1], 10));
        await given.Ledger.LastSeq(accounts[1]);   // the database is asked and answers: time enough for a flush that does not wait
        Assert.Equal(1, given.Ledger.Commits);
        time.Advance(new LedgerWriterOptions().BetweenFlushes);
        await Eventually.Is(() => Task.FromResult(given.Ledger.Commits), commits => commits == 2);
        Assert.False(first.IsCompleted);
        gate.SetResult();

        Assert.All(await Task.WhenAll(first, second), end => Assert.Equal(AppendStatus.Committed, end.Status));
    }

    /// <summary>
    /// Somebody holds an account in the middle until both flushes wait, so that each has written what comes before it in its own order. A deadlock
    /// would be a flush that failed, and nothing repeats it: the clock stands.
    /// </summary>
    [Fact]
    public async Task Flushes_of_the_same_accounts_in_opposite_orders_are_no_deadlock()
    {
        var time = new FakeTimeProvider();
        await using var given = await Given(Engine.Postgres, time: time);
        var accounts = await given.OpenWallets(4);
        await given.Writer.OpenSession(accounts[0], 0).Append(Some.Purchase(accounts[0], 10));   // what comes next goes together, after the pause
        await using var database = NpgsqlDataSource.Create(given.Database.ApplicationConnection);
        await using var holder = await database.OpenConnectionAsync();
        await using var held = await holder.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, kind, detail) VALUES ($1, 1, gen_random_uuid(), 1, 1, 0, 1, '{}')", holder) { Parameters = { new() { Value = accounts[2] } } };
        await hold.ExecuteNonQueryAsync();
        async Task<List<Task<Appended>>> AppendTo(IEnumerable<long> inOrder, int waiting)
        {
            var appends = inOrder.Select(account => given.Writer.OpenSession(account, 0).Append(Some.Purchase(account, 10))).ToList();
            time.Advance(new LedgerWriterOptions().BetweenFlushes);
            await using var waits = database.CreateCommand("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())");
            await Eventually.Is(async () => (long)(await waits.ExecuteScalarAsync())!, count => count == waiting);
            return appends;
        }

        var one = await AppendTo(accounts[1..], waiting: 1);
        var other = await AppendTo(accounts[1..].Reverse(), waiting: 2);
        await held.RollbackAsync();
        await Task.WhenAny(Task.WhenAll(one.Concat(other)), Task.Delay(TimeSpan.FromSeconds(20)));
        time.Advance(TimeSpan.FromMinutes(1));   // what has failed gives up
        var ends = await Task.WhenAll(one.Concat(other));

        Assert.All(ends[..3], end => Assert.Equal(AppendStatus.Committed, end.Status));
        Assert.All(ends[3..], end => Assert.Equal(AppendStatus.Fenced, end.Status));
        Assert.Equal(3, given.Ledger.Commits);
    }

    [Fact]
    public async Task Appends_that_wait_when_the_writer_ends_are_committed_first()
    {
        await using var given = await Given(Engine.Sqlite);
        var accounts = await given.OpenWallets(3);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var appends = accounts.Select(account => given.Writer.OpenSession(account, 0).Append(Some.Purchase(account, 10))).ToList();
        var ended = given.Writer.DisposeAsync();
        var tooLate = await given.Writer.OpenSession(accounts[0], 0).Append(Some.Purchase(accounts[0], 10));
        gate.SetResult();
        await ended;

        Assert.All(await Task.WhenAll(appends), end => Assert.Equal(AppendStatus.Committed, end.Status));
        Assert.Equal(AppendStatus.Overloaded, tooLate.Status);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_lost_commit_acknowledgement_still_ends_committed_and_once(Engine engine)
    {
        await using var given = await Given(engine);
        var account = await given.OpenWallet();
        given.Ledger.Plan = commit => commit == 1 ? FaultyLedger.Fault.AfterCommit : FaultyLedger.Fault.None;
        var session = given.Writer.OpenSession(account, 0);

        var first = await session.Append(Some.Purchase(account, 100));
        var second = await session.Append(Some.Purchase(account, 50, 2, 100));

        Assert.Equal((AppendStatus.Committed, AppendStatus.Committed), (first.Status, second.Status));
        Assert.Equal([100, 150], (await given.Ledger.Read(account, 0, 10)).Select(entry => entry.BalanceAfter));
        Assert.Equal(first.RecordedAt, (await given.Ledger.Read(account, 0, 1))[0].RecordedAt);
    }

    [Fact]
    public async Task While_the_database_is_away_an_append_ends_unavailable_and_its_session_is_broken()
    {
        await using var given = await Given(Engine.Postgres, giveUpAfterMs: 200);
        var account = await given.OpenWallet();
        given.Ledger.Plan = _ => FaultyLedger.Fault.BeforeCommit;
        var session = given.Writer.OpenSession(account, 0);

        var refused = await session.Append(Some.Purchase(account, 100));
        given.Ledger.Plan = _ => FaultyLedger.Fault.None;
        var commitsBefore = given.Ledger.Commits;
        var later = await session.Append(Some.Purchase(account, 100));

        Assert.Equal((AppendStatus.Unavailable, AppendStatus.Unavailable), (refused.Status, later.Status));
        Assert.Equal(commitsBefore, given.Ledger.Commits);
        Assert.Equal(0, await given.Ledger.LastSeq(account));
    }

    [Fact]
    public async Task An_outcome_that_stays_unknown_is_never_reported_as_success_or_failure()
    {
        await using var given = await Given(Engine.Postgres, giveUpAfterMs: 200);
        var account = await given.OpenWallet();
        given.Ledger.Plan = commit => commit == 1 ? FaultyLedger.Fault.AfterCommit : FaultyLedger.Fault.BeforeCommit;
        var session = given.Writer.OpenSession(account, 0);

        var unknown = await session.Append(Some.Purchase(account, 100));

        Assert.Equal(AppendStatus.Unknown, unknown.Status);
        Assert.True(session.IsBroken);
        Assert.Equal(1, await given.Ledger.LastSeq(account));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task One_accounts_conflict_fails_no_other(Engine engine)
    {
        await using var given = await Given(engine);
        var accounts = await given.OpenWallets(50);
        await given.Ledger.Write(Some.Purchase(accounts[7], 1));
        var used = Some.Purchase(accounts[9], 1);
        await given.Ledger.Write(used);
        var commitsBefore = given.Ledger.Commits;
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var appends = accounts.Select((account, i) => i == 9
            ? given.Writer.OpenSession(account, 1).Append(Some.Purchase(account, 10, 2, 1, used.TransferId))
            : given.Writer.OpenSession(account, 0).Append(Some.Purchase(account, 10))).ToList();
        gate.SetResult();
        var ends = await Task.WhenAll(appends);

        Assert.Equal(AppendStatus.Fenced, ends[7].Status);
        Assert.Equal(AppendStatus.Duplicate, ends[9].Status);
        Assert.All(ends.Where((_, i) => i is not 7 and not 9), end => Assert.Equal(AppendStatus.Committed, end.Status));
        Assert.InRange(given.Ledger.Commits - commitsBefore, 1, 12);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task An_entry_that_the_database_refuses_fails_alone(Engine engine)
    {
        await using var given = await Given(engine);
        var accounts = await given.OpenWallets(20);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var appends = accounts.Select((account, i) => given.Writer.OpenSession(account, 0).Append(
            i == 3 ? Some.Purchase(account, 10) with { BalanceAfter = -1 } : Some.Purchase(account, 10))).ToList();
        gate.SetResult();

        await Assert.ThrowsAsync<InvalidOperationException>(() => appends[3]);
        var others = await Task.WhenAll(appends.Where((_, i) => i != 3));
        Assert.All(others, end => Assert.Equal(AppendStatus.Committed, end.Status));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Of_two_sessions_on_one_account_the_later_writer_is_fenced(Engine engine)
    {
        await using var given = await Given(engine);
        var account = await given.OpenWallet();
        var (one, other) = (given.Writer.OpenSession(account, 0), given.Writer.OpenSession(account, 0));

        var ends = await Task.WhenAll(one.Append(Some.Purchase(account, 10)), other.Append(Some.Purchase(account, 20)));

        Assert.Equal([AppendStatus.Committed, AppendStatus.Fenced], ends.Select(end => end.Status).Order());
        Assert.Equal(1, await given.Ledger.LastSeq(account));
        Assert.Single(new[] { one, other }, session => session.IsBroken);
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_leaves_the_session_whole()
    {
        await using var given = await Given(Engine.Sqlite, queueLimit: 5);
        var accounts = await given.OpenWallets(20);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;
        var sessions = accounts.Select(account => given.Writer.OpenSession(account, 0)).ToList();

        var appends = sessions.Select(session => session.Append(Some.Purchase(session.AccountId, 10))).ToList();
        var refused = Enumerable.Range(0, 20).Where(i => appends[i].IsCompleted).ToList();
        gate.SetResult();
        var ends = await Task.WhenAll(appends);

        Assert.NotEmpty(refused);
        Assert.All(refused, i => Assert.Equal(AppendStatus.Overloaded, ends[i].Status));
        Assert.All(Enumerable.Range(0, 20).Except(refused), i => Assert.Equal(AppendStatus.Committed, ends[i].Status));
        var again = await sessions[refused[0]].Append(Some.Purchase(accounts[refused[0]], 10));
        Assert.Equal(AppendStatus.Committed, again.Status);
    }

    [Fact]
    public async Task An_append_that_has_waited_longer_than_its_caller_is_not_sent()
    {
        var time = new FakeTimeProvider();
        await using var given = await Given(Engine.Sqlite, giveUpAfterMs: 200, time: time);
        var accounts = await given.OpenWallets(2);
        var gate = new TaskCompletionSource();
        given.Ledger.Gate = gate.Task;

        var underWay = given.Writer.OpenSession(accounts[0], 0).Append(Some.Purchase(accounts[0], 10));
        await Eventually.Is(() => Task.FromResult(given.Ledger.Commits), commits => commits == 1);
        var waiting = given.Writer.OpenSession(accounts[1], 0).Append(Some.Purchase(accounts[1], 10));
        time.Advance(TimeSpan.FromSeconds(1));
        gate.SetResult();

        Assert.Equal((AppendStatus.Committed, AppendStatus.Unavailable), ((await underWay).Status, (await waiting).Status));
        Assert.Equal(0, await given.Ledger.LastSeq(accounts[1]));
    }

    [Fact]
    public async Task Entries_that_do_not_follow_are_a_bug_and_are_not_sent()
    {
        await using var given = await Given(Engine.Sqlite);
        var account = await given.OpenWallet();
        var session = given.Writer.OpenSession(account, 0);

        await Assert.ThrowsAsync<ArgumentException>(() => session.Append(Some.Purchase(account, 10, seq: 2)));

        Assert.Equal(0, given.Ledger.Commits);
    }

    private async Task<Fixture> Given(Engine engine, int giveUpAfterMs = 3_000, int queueLimit = 10_000, TimeProvider? time = null)
    {
        var database = await databases.Create(engine);
        return new Fixture(database, new LedgerWriterOptions { GiveUpAfter = TimeSpan.FromMilliseconds(giveUpAfterMs), QueueLimit = queueLimit }, time ?? TimeProvider.System);
    }

    private sealed class Fixture : IAsyncDisposable
    {
        private readonly ILedger _inner;
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

        public Fixture(TestDatabase database, LedgerWriterOptions options, TimeProvider time)
        {
            Database = database;
            _inner = database.Connect();
            Ledger = new FaultyLedger(_inner);
            Writer = new LedgerWriter(Ledger, options, new LedgerMetrics(_services.GetRequiredService<IMeterFactory>()), NullLogger<LedgerWriter>.Instance, time);
        }

        public TestDatabase Database { get; }
        public FaultyLedger Ledger { get; }
        public LedgerWriter Writer { get; }

        public Task<long> OpenWallet() => _inner.OpenAccount(AccountKind.Wallet, "ann");

        public async Task<long[]> OpenWallets(int count)
        {
            var accounts = new long[count];
            for (var i = 0; i < count; i++) accounts[i] = await _inner.OpenAccount(AccountKind.Wallet, $"viewer-{i}");
            return accounts;
        }

        public async ValueTask DisposeAsync()
        {
            await Writer.DisposeAsync();
            await ((IAsyncDisposable)_inner).DisposeAsync();
            await _services.DisposeAsync();
        }
    }
}
