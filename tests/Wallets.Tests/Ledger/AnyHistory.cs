using System.Text.Json;
using CsCheck;
using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

internal enum Act { Buy, BuyWithBonus, Send, Settle, Refund, RefundPart, Dispute, Reverse, PayOut, Wait, CrashAndReload }

/// <summary>
/// A wallet and the creators it sends to, through any sequence of acts, in memory: both sides decide and fold as their grains do.
/// </summary>
internal sealed class AnyHistory
{
    public const long Wallet = 1;
    public const int Creators = 3;
    private const long Floor = 40;
    public static readonly TimeSpan Hold = TimeSpan.FromDays(7);
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Terms Terms = new([Defaults.Catalog], Defaults.Packs, [Defaults.RateCard]);

    public static readonly Gen<(Act Act, int Size)[]> Commands = Gen.Select(
        Gen.OneOf(Act.Buy, Act.BuyWithBonus, Act.Send, Act.Send, Act.Send, Act.Settle, Act.Refund, Act.RefundPart, Act.Dispute, Act.Reverse, Act.PayOut, Act.Wait, Act.CrashAndReload),
        Gen.Int[1, 60]).Array[1, 70];

    private readonly List<Entry> _entries = [];
    private readonly List<Entry>[] _credits = [.. Enumerable.Range(0, Creators).Select(_ => new List<Entry>())];
    private readonly EarningsState[] _earnings = [.. Enumerable.Range(0, Creators).Select(_ => new EarningsState())];
    private readonly List<Entry> _undelivered = [];
    private DateTimeOffset _now = Start;

    public WalletState State { get; private set; } = new();

    /// <summary>Every line of every account, each account's in order. The wallet is account 1, the creators follow.</summary>
    public IEnumerable<Entry> Entries => _entries.Concat(_credits.SelectMany(credits => credits));

    public IEnumerable<long> Balances => [State.Balance, .. _earnings.Select(earnings => earnings.Balance + earnings.Reserved)];

    public void Do(Act act, int size)
    {
        switch (act)
        {
            case Act.Buy: Buy(new CoinPack("p", new(size * 10), Coins.Zero, new Money(size, CurrencyOf(size)), [])); break;
            case Act.BuyWithBonus: Buy(new CoinPack("p", new(size * 10), new(size), new Money(size, CurrencyOf(size)), [])); break;
            case Act.Send: Send(size); break;
            case Act.Settle: Settle(); break;
            case Act.Refund: Refund(size, RefundDecisions.WholeBasisPoints, isDispute: false); break;
            case Act.RefundPart: Refund(size, 100 * size, isDispute: false); break;
            case Act.Dispute: Refund(size, RefundDecisions.WholeBasisPoints, isDispute: true); break;
            case Act.Reverse: Reverse(size); break;
            case Act.PayOut: PayOut(size); break;
            case Act.Wait: _now = _now.AddHours(size); break;
            case Act.CrashAndReload: State = Some.Wallet([.. _entries]); break;
        }
    }

    private static string CurrencyOf(int size) => size % 3 == 0 ? "EUR" : "USD";

    private void Buy(CoinPack pack) => Commit([WalletDecisions.Purchase(Wallet, State, Some.Key(), pack, new Payment("dev", Guid.NewGuid().ToString()), _now).Entry!]);

    private void Send(int quantity)
    {
        var creator = quantity % Creators;
        var stream = new LiveStream($"c{creator}", 2 + creator, HasEnded: false);
        var order = new GiftOrder(Some.Key(), Guid.NewGuid(), quantity % 2 == 0 ? "smile" : "thumbs-up", quantity);
        var decision = WalletDecisions.SendGift(Wallet, State, "ann", order, stream, Terms, new LimitOptions(), flaggedHoldDays: 20, _now);
        if (State.Standing == Standing.Frozen) Assert.Equal(Refusal.WalletFrozen, decision.Refusal?.Code);
        if (decision.Entry is { } debit) Commit([debit]);
    }

    private void Refund(int which, int basisPoints, bool isDispute)
    {
        var purchases = _entries.FindAll(entry => entry.Kind == EntryKind.Purchase);
        if (purchases.Count == 0) return;
        var purchase = purchases[which % purchases.Count];
        var order = new RefundOrder(Some.Key(), "dev", purchase.Detail!.Payment!, basisPoints, isDispute, "asked for");
        if (RefundDecisions.Refund(Wallet, Trace(purchase.TransferId), purchase, order) is { } entries) Commit(entries);
    }

    private void Reverse(int which)
    {
        var refunds = _entries.FindAll(entry => entry.Kind == EntryKind.Refunded);
        if (refunds.Count > 0) Reverse(refunds[which % refunds.Count]);
    }

    private void Reverse(Entry refund)
    {
        var lot = refund.Detail!.Lot!.Value;
        var purchase = _entries.Find(entry => entry.TransferId == lot)!;
        if (RefundDecisions.Reverse(Wallet, Trace(lot), purchase, refund, new RefundReversal(Some.Key(), refund.TransferId, "won")) is { } entries) Commit(entries);
    }

    public void ReverseAll()
    {
        foreach (var refund in Enumerable.Reverse(_entries.FindAll(entry => entry.Kind == EntryKind.Refunded))) Reverse(refund);
    }

    private void PayOut(int diamonds)
    {
        var creator = diamonds % Creators;
        if (EarningsDecisions.RequestPayout(2 + creator, _earnings[creator], Some.Key(), new(diamonds), Some.Terms(minimum: 1, maximum: 1_000_000), Hold, _now).Entry is { } entry) Credit(creator, entry);
    }

    /// <summary>Delivers in the order of the wallet, as settlement does.</summary>
    public void Settle()
    {
        foreach (var entry in _undelivered)
        {
            var creator = (int)entry.Counterparty - 2;
            var earnings = _earnings[creator];
            if (entry.Kind == EntryKind.GiftSent)
            {
                Credit(creator, EarningsDecisions.Receive(entry.Counterparty, earnings, [Wallets.Grains.Credit.Of(entry, "ann")])[0]);
                continue;
            }
            var correction = Correction.Of(entry);
            var credit = _credits[creator].Find(credit => credit.Kind == EntryKind.GiftReceived && credit.TransferId == correction.Gift)!;
            Credit(creator, correction.IsRestored
                ? EarningsDecisions.Restore(entry.Counterparty, earnings, correction, _credits[creator].Find(clawback => clawback.TransferId == correction.ClawbackKey)!)
                : EarningsDecisions.ClawBack(entry.Counterparty, earnings, correction, EarningsState.DayOf(credit), Hold, Floor, _now));
        }
        _undelivered.Clear();
    }

    private LotTrace Trace(Guid lot)
    {
        var trace = LotTrace.OfLot(lot);
        foreach (var entry in _entries) trace.Apply(entry);
        return trace;
    }

    private void Commit(List<Entry> entries)
    {
        foreach (var entry in entries.Select(entry => entry with { RecordedAt = _now }))
        {
            State.Apply(entry);
            _entries.Add(entry);
            if (entry.Kind is EntryKind.GiftSent or EntryKind.GiftRefunded or EntryKind.GiftRestored) _undelivered.Add(entry);
        }
    }

    private void Credit(int creator, Entry entry)
    {
        entry = entry with { RecordedAt = _now };
        _earnings[creator].Apply(entry);
        _credits[creator].Add(entry);
    }

    public void Check()
    {
        Assert.Equal(State.Balance, _entries.Sum(entry => entry.Amount));
        Assert.Equal(State.Balance, State.Lots.Sum(lot => lot.Paid + lot.Bonus));
        Assert.Equal(JsonSerializer.Serialize(State), JsonSerializer.Serialize(Some.Wallet([.. _entries])));
        var all = LotTrace.OfAll();
        foreach (var entry in _entries) all.Apply(entry);
        Assert.Empty(all.FindUntraceable());
        Assert.All(all.Uses.GroupBy(use => use.Gift.TransferId), gift => Assert.Equal(gift.First().Gift.Gift!.Diamonds, gift.Sum(use => use.Diamonds)));

        for (var creator = 0; creator < Creators; creator++)
        {
            var earnings = _earnings[creator];
            Assert.Equal(earnings.Balance, earnings.Released + earnings.ByDay.Sum(day => day.Amount) - earnings.Owed);
            Assert.True(earnings.Owed is >= 0 and <= Floor);
            Assert.Equal(earnings.Balance, earnings.PendingAt(_now, Hold) + earnings.AvailableAt(_now, Hold) - earnings.OwedAt(_now, Hold));
            var issued = _entries.Where(entry => entry.Counterparty == 2 + creator)
                .Sum(entry => entry.Kind switch { EntryKind.GiftSent => entry.Gift!.Diamonds, EntryKind.GiftRefunded => -entry.Detail!.Diamonds!.Value, _ => entry.Detail!.Diamonds!.Value });
            var borne = _credits[creator].Sum(entry => entry.Kind switch
            {
                EntryKind.ClawedBack => entry.Detail!.Diamonds!.Value + entry.Amount,
                EntryKind.ClawbackReversed => entry.Amount - entry.Detail!.Diamonds!.Value,
                _ => 0,
            });
            Assert.Equal(issued + borne, earnings.Balance + earnings.Reserved);
        }
        foreach (var refunds in _entries.Where(entry => entry.Kind == EntryKind.Refunded).GroupBy(entry => entry.Detail!.Lot))
        {
            var purchase = _entries.Find(entry => entry.TransferId == refunds.Key)!;
            var reversed = _entries.Where(entry => entry.Kind == EntryKind.RefundReversed).Select(entry => entry.Detail!.Refund).ToHashSet();
            var standing = refunds.Where(refund => !reversed.Contains(refund.TransferId)).ToList();
            Assert.True(standing.Sum(refund => refund.Detail!.Coins) <= purchase.Amount);
            Assert.True(standing.Sum(refund => refund.Detail!.Price!.Value.AmountMinor) <= purchase.Detail!.Price!.Value.AmountMinor);
        }
    }
}
