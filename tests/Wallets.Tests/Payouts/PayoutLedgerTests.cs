using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>What the ledger itself keeps of payouts, on both engines; and what a provider's answers mean.</summary>
public sealed class PayoutLedgerTests(Databases databases)
{
    private static readonly Money Payable = new(100, "EUR");

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Payouts_without_an_end_are_found_oldest_first(Engine engine)
    {
        var ledger = (await databases.Create(engine)).Connect();
        await using var _ = (IAsyncDisposable)ledger;
        var (cleo, keys) = (await Cleo(ledger), new[] { Some.Key(), Some.Key(), Some.Key() });
        var times = new List<DateTimeOffset>();
        for (var i = 0; i < 3; i++) times.Add(await ledger.Write(Reserved(cleo, 2 + i, 90 - 10 * i, keys[i])));
        await ledger.Write(Ended(cleo, 5, 70, keys[1], EntryKind.PayoutPaid));

        var open = await ledger.FindOpenPayouts(DateTimeOffset.MinValue, 10);
        var first = await ledger.FindOpenPayouts(DateTimeOffset.UnixEpoch, 1);
        var later = await ledger.FindOpenPayouts(times[2], 10);
        await ledger.Write(Ended(cleo, 6, 80, keys[0], EntryKind.PayoutReturned));

        Assert.Equal([("cleo", keys[0], times[0]), ("cleo", keys[2], times[2])], open.Select(payout => (payout.CreatorId, payout.Key, payout.ReservedAt)));
        Assert.True(await ledger.ReadClock(default) >= times[2]);
        Assert.Equal([keys[0]], first.Select(payout => payout.Key));
        Assert.Contains(keys[2], later.Select(payout => payout.Key));
        Assert.Equal([keys[2]], (await ledger.FindOpenPayouts(DateTimeOffset.MinValue, 10)).Select(payout => payout.Key));
        Assert.Equal([keys[1], keys[2]], (await ledger.ReadPayouts(cleo, 2, 10)).Select(entry => entry.TransferId));
        Assert.Equal([keys[0]], (await ledger.ReadPayouts(cleo, 0, 1)).Select(entry => entry.TransferId));
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_payout_ends_once_whichever_way_comes_second(Engine engine)
    {
        var ledger = (await databases.Create(engine)).Connect();
        await using var _ = (IAsyncDisposable)ledger;
        var (cleo, key) = (await Cleo(ledger), Some.Key());
        await ledger.Write(Reserved(cleo, 2, 90, key));
        await ledger.Write(Ended(cleo, 3, 90, key, EntryKind.PayoutPaid));
        var second = Some.Append(Ended(cleo, 4, 100, key, EntryKind.PayoutReturned));

        var committed = await ledger.Commit([second], default);
        var verdict = await ledger.Judge([second], default);

        Assert.Null(committed.RecordedAt);
        Assert.Equal(AppendStatus.Duplicate, verdict[0].Status);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Payouts_that_ended_are_found_by_how_they_did_the_latest_first_and_page_by_page(Engine engine)
    {
        var ledger = (await databases.Create(engine)).Connect();
        await using var _ = (IAsyncDisposable)ledger;
        var (cleo, keys) = (await Cleo(ledger), Enumerable.Range(0, 5).Select(_ => Some.Key()).ToList());
        for (var i = 0; i < 5; i++) await ledger.Write(Reserved(cleo, 2 + i, 90 - 10 * i, keys[i]));
        foreach (var (seq, payout) in new[] { (7, 2), (8, 0) }) await ledger.Write(Ended(cleo, seq, 50, keys[payout], EntryKind.PayoutPaid));
        await ledger.Write(Ended(cleo, 9, 60, keys[3], EntryKind.PayoutReturned));
        await ledger.Write(Ended(cleo, 10, 60, keys[1], EntryKind.PayoutPaid));

        var first = await ledger.FindEndedPayouts(EntryKind.PayoutPaid, EntryPlace.Last, 2);
        var second = await ledger.FindEndedPayouts(EntryKind.PayoutPaid, first[^1].End, 2);
        var returned = await ledger.FindEndedPayouts(EntryKind.PayoutReturned, EntryPlace.Last, 10);

        Assert.Equal([("cleo", keys[1], 10), ("cleo", keys[0], 8)], first.Select(payout => (payout.CreatorId, payout.Key, (int)payout.End.Seq)));
        Assert.Equal([keys[2]], second.Select(payout => payout.Key));
        Assert.Equal([keys[3]], returned.Select(payout => payout.Key));
    }

    [Fact]
    public void An_answer_counts_only_if_it_adds_up_and_a_failure_only_if_it_is_said_twice()
    {
        static PayoutAnswer.Paid Paid(long fee, long paidOut, string currency = "EUR") => new("ref", new(fee, currency), new(paidOut, currency));
        var failed = new PayoutAnswer.Failed("closed", "The account is closed.");

        Assert.Equal((Payout.Paid, "ref"), PayoutVerdict.Of(Paid(1, 99), Payable, null).End is { } end ? (end.Status, end.Reference) : default);
        foreach (var wrong in new[] { Paid(1, 100), Paid(-1, 101), Paid(101, -1), Paid(1, 99, "USD"), Paid(long.MaxValue, long.MaxValue) })
            Assert.True(PayoutVerdict.Of(wrong, Payable, null) is { End: null, Problem: not null });
        Assert.Equal(default, PayoutVerdict.Of(new PayoutAnswer.Pending(), Payable, "closed"));
        Assert.True(PayoutVerdict.Of(new PayoutAnswer.NotFound(), Payable, null) is { End: null, Problem: not null });
        var once = PayoutVerdict.Of(failed, Payable, null);
        Assert.True(once is { End: null, SaidFailed: not null });
        Assert.Equal(Payout.Failed, PayoutVerdict.Of(failed, Payable, once.SaidFailed).End?.Status);
        Assert.Equal(Payout.Failed, PayoutVerdict.Of(new PayoutAnswer.NotFound(), Payable, once.SaidFailed).End?.Status);
        Assert.Equal(Payout.Paid, PayoutVerdict.Of(Paid(0, 100), Payable, once.SaidFailed).End?.Status);
    }

    /// <summary>The account of a creator who was given 100 diamonds.</summary>
    private static async Task<long> Cleo(ILedger ledger)
    {
        var (ann, cleo) = (await ledger.OpenAccount(AccountKind.Wallet, "ann"), await ledger.OpenAccount(AccountKind.Earnings, "cleo"));
        var gift = Some.Gift(ann, cleo, 200, 2, 200);
        await ledger.Write(Some.Purchase(ann, 200), gift, Some.Credit(gift, 1, 0));
        return cleo;
    }

    private static Entry Reserved(long account, long seq, long after, Guid key) =>
        Line(account, seq, after, key, EntryKind.PayoutReserved, -10, new EntryDetail(Price: new Money(10, "USD")));

    private static Entry Ended(long account, long seq, long after, Guid payout, EntryKind kind) =>
        Line(account, seq, after, PayoutFacts.EndKey("cleo", payout), kind, kind == EntryKind.PayoutPaid ? 0 : 10, new EntryDetail(Payout: payout, Diamonds: 10));

    private static Entry Line(long account, long seq, long after, Guid key, EntryKind kind, long amount, EntryDetail detail) =>
        new() { AccountId = account, Seq = seq, TransferId = key, Kind = kind, Amount = amount, BalanceAfter = after, Detail = detail };
}
