using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Wallets.Ledger;
using Wallets.Ledger.Audit;
using Wallets.Ledger.Recognition;
using Wallets.Ledger.Sqlite;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Recognition;

/// <summary>For any sequence of gifts, refunds, restorations, crashes and rebuilds, what is counted step by step is what the entries add up to.</summary>
public sealed class RecognitionPropertyTests(Databases databases)
{
    private const int Creators = 3;
    private const int Viewers = 4;

    private enum Act { Send, Refund, Restore, Wait, Count, CountTwiceAtOnce, Crash, Rebuild }

    private static readonly Gen<(Act Act, int Size)[]> Commands = Gen.Select(
        Gen.OneOf(Act.Send, Act.Send, Act.Send, Act.Send, Act.Refund, Act.Refund, Act.Restore, Act.Wait, Act.Wait, Act.Count, Act.CountTwiceAtOnce, Act.Crash, Act.Rebuild),
        Gen.Int[1, 90]).Array[1, 30];

    [Fact]
    public async Task What_is_counted_step_by_step_is_what_the_entries_add_up_to()
    {
        var (ledger, time) = NewLedger();
        await Commands.SampleAsync(async commands =>
        {
            var run = await Run.Begin(ledger, time);
            foreach (var (act, size) in commands) await run.Do(act, size);
            await run.Check();
        }, iter: 10, threads: 1);
    }

    private (SqliteLedger Ledger, FakeTimeProvider Time) NewLedger()
    {
        var folder = databases.NewFolder();
        var (ledger, state) = (Path.Combine(folder, "ledger.db"), Path.Combine(folder, "state.db"));
        Schema.MigrateSqlite(ledger, state);
        var time = new FakeTimeProvider(new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        return (new(ledger, time), time);
    }

    /// <summary>Does the work and dies before the commit.</summary>
    private sealed class CrashingLedger(ILedger inner) : WrappedLedger(inner)
    {
        public override Task<T> Derive<T>(Func<IDerivation, Task<T>> work, CancellationToken cancellation) =>
            base.Derive<T>(async tables =>
            {
                await work(tables);
                throw new TimeoutException("killed");
            }, cancellation);
    }

    private sealed class Run(SqliteLedger ledger, FakeTimeProvider time, long[] creators, long[] viewers)
    {
        private readonly RecognitionCount _count = new(ledger);
        private readonly List<Entry> _gifts = [];
        private readonly Dictionary<long, (long Seq, long Balance)> _accounts = [];
        private readonly Dictionary<Guid, (long Refunded, List<long> Parts)> _refunds = [];

        public static async Task<Run> Begin(SqliteLedger ledger, FakeTimeProvider time)
        {
            async Task<long[]> Open(AccountKind kind, int count) => await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ledger.OpenAccount(kind, $"{kind}-{Guid.NewGuid():N}")));
            var accounts = await Open(AccountKind.Wallet, Viewers);
            var run = new Run(ledger, time, await Open(AccountKind.Earnings, Creators), accounts);
            foreach (var viewer in accounts)
            {
                await ledger.Write(Some.Purchase(viewer, 1_000_000));
                run._accounts[viewer] = (1, 1_000_000);
            }
            return run;
        }

        public async Task Do(Act act, int size)
        {
            switch (act)
            {
                case Act.Send: await Send(size); break;
                case Act.Refund: await Refund(size); break;
                case Act.Restore: await Restore(size); break;
                case Act.Wait: time.Advance(TimeSpan.FromHours(size % 3 == 0 ? size : 0.01)); break;
                case Act.Count: await _count.Advance(size % 5 + 1); break;
                case Act.CountTwiceAtOnce: await Task.WhenAll(_count.Advance(size), _count.Advance(size)); break;
                case Act.Crash: await Assert.ThrowsAnyAsync<Exception>(() => new RecognitionCount(new CrashingLedger(ledger)).Advance(size)); break;
                case Act.Rebuild: await _count.Rebuild(); break;
            }
        }

        private async Task Send(int size)
        {
            var (viewer, creator) = (viewers[size % viewers.Length], creators[size % Creators]);
            var (seq, balance) = _accounts[viewer];
            var (quantity, price) = (size % 4 + 1, size % 7 + 1);
            var gift = Some.Gift(viewer, creator, price * quantity, seq + 1, balance);
            gift = gift with { Gift = gift.Gift! with { GiftId = $"gift-{size % 3}", Quantity = quantity } };
            _gifts.Add(gift with { RecordedAt = await ledger.Write(gift) });
            _accounts[viewer] = (seq + 1, gift.BalanceAfter);
        }

        private async Task Refund(int size)
        {
            if (_gifts.Count == 0) return;
            var gift = _gifts[size % _gifts.Count];
            var (refunded, parts) = _refunds.GetValueOrDefault(gift.TransferId, (0, []));
            var part = Math.Min(-gift.Amount - refunded, size);
            if (part == 0) return;
            await Correct(gift, EntryKind.GiftRefunded, part);
            _refunds[gift.TransferId] = (refunded + part, [.. parts, part]);
        }

        private async Task Restore(int size)
        {
            if (_gifts.Count == 0) return;
            var gift = _gifts[size % _gifts.Count];
            if (!_refunds.TryGetValue(gift.TransferId, out var refund) || refund.Parts.Count == 0) return;
            var part = refund.Parts[^1];
            await Correct(gift, EntryKind.GiftRestored, part);
            _refunds[gift.TransferId] = (refund.Refunded - part, refund.Parts[..^1]);
        }

        private async Task Correct(Entry gift, EntryKind kind, long coins)
        {
            var (seq, balance) = _accounts[gift.AccountId];
            await ledger.Write(new Entry
            {
                AccountId = gift.AccountId,
                Seq = seq + 1,
                TransferId = Some.Key(),
                Kind = kind,
                Amount = 0,
                BalanceAfter = balance,
                Counterparty = gift.Counterparty,
                Detail = new EntryDetail(Diamonds: 1, Lot: Guid.NewGuid(), Gift: gift.TransferId, Coins: coins, Refund: Guid.NewGuid()),
            });
            _accounts[gift.AccountId] = (seq + 1, balance);
        }

        private long Standing(Entry gift) => -gift.Amount - (_refunds.TryGetValue(gift.TransferId, out var refund) ? refund.Refunded : 0);

        private long PiecesOf(Entry gift)
        {
            var price = -gift.Amount / gift.Gift!.Quantity;
            return gift.Gift.Quantity - (_refunds.TryGetValue(gift.TransferId, out var refund) ? refund.Parts.Sum(part => part / price) : 0);
        }

        public async Task Check()
        {
            time.Advance(TimeSpan.FromSeconds(2));
            while ((await _count.Advance(1_000)).IsBehind) { }
            var books = new RecognitionBooks(ledger);
            var now = time.GetUtcNow();
            foreach (var span in (RecognitionSpan[])[RecognitionSpan.AllTime, RecognitionSpan.WeekOf(now), RecognitionSpan.DayOf(now)])
            {
                var gifts = _gifts.FindAll(gift => IsIn(span, gift.RecordedAt));
                await IsBoard(books, span, RecognitionBooks.Creators, creators, gifts, gift => gift.Counterparty, gift => gift.AccountId);
                if (span.Span == 1) await IsBoard(books, span, RecognitionBooks.Viewers, viewers, gifts, gift => gift.AccountId, gift => gift.Counterparty);
            }
            foreach (var creator in creators) IsGallery(await books.ReadCreatorsGallery(creator), _gifts.FindAll(gift => gift.Counterparty == creator), gift => gift.AccountId);
            foreach (var viewer in viewers) IsGallery(await books.ReadViewersGallery(viewer), _gifts.FindAll(gift => gift.AccountId == viewer), gift => gift.Counterparty);
        }

        private static bool IsIn(RecognitionSpan span, DateTimeOffset time) =>
            span.Span switch { 0 => true, 1 => RecognitionSpan.WeekOf(time) == span, _ => RecognitionSpan.DayOf(time) == span };

        private async Task IsBoard(RecognitionBooks books, RecognitionSpan span, int side, long[] accounts, List<Entry> gifts, Func<Entry, long> of, Func<Entry, long> other)
        {
            var expected = accounts.Select(account => (Account: account, Gifts: gifts.FindAll(gift => of(gift) == account)))
                .Select(one => new BoardLine(one.Account, one.Gifts.Sum(Standing), one.Gifts.GroupBy(other).Count(pair => pair.Sum(Standing) > 0))).Where(line => line.Coins > 0);
            var board = (await books.ReadBoard(span, side, byOthers: false, 0, 100_000)).Where(line => accounts.Contains(line.AccountId));
            var byOthers = (await books.ReadBoard(span, side, byOthers: true, 0, 100_000)).Where(line => accounts.Contains(line.AccountId));

            Assert.Equal(expected.OrderByDescending(line => line.Coins).ThenBy(line => line.AccountId), board);
            Assert.Equal(expected.OrderByDescending(line => line.Others).ThenByDescending(line => line.Coins).ThenBy(line => line.AccountId), byOthers);
        }

        private void IsGallery(IReadOnlyList<GalleryLine> gallery, List<Entry> gifts, Func<Entry, long> other)
        {
            var expected = gifts.GroupBy(gift => gift.Gift!.GiftId).Select(kind =>
            {
                var givers = kind.GroupBy(other).Where(pair => pair.Sum(Standing) > 0).ToList();
                if (givers.Count == 0) return null;
                var first = givers.OrderBy(pair => pair.Min(gift => gift.RecordedAt)).ThenBy(pair => pair.Key).First();
                var top = givers.OrderByDescending(pair => pair.Sum(Standing)).ThenBy(pair => pair.Key).First();
                return new GalleryLine(kind.Key, givers.Sum(pair => pair.Sum(PiecesOf)), givers.Sum(pair => pair.Sum(Standing)), givers.Count, first.Key, first.Min(gift => gift.RecordedAt), top.Key, top.Sum(PiecesOf));
            }).OfType<GalleryLine>().OrderByDescending(line => line.Coins).ThenBy(line => line.GiftId, StringComparer.Ordinal);
            Assert.Equal(expected, gallery);
        }
    }
}
