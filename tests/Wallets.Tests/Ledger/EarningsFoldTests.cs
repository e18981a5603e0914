using System.Text.Json;
using CsCheck;
using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>Properties of an earnings account over any sequence of credits, payouts, returns and payments, on any days.</summary>
public sealed class EarningsFoldTests
{
    private const long Account = 2;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly PayoutTerms Terms = Some.Terms(minimum: 10, maximum: 300);

    private enum Act { Credit, Request, Return, Pay, Wait, CrashAndReload }

    private static readonly Gen<(Act Act, int Size)[]> Commands =
        Gen.Select(Gen.OneOf(Act.Credit, Act.Credit, Act.Request, Act.Return, Act.Pay, Act.Wait, Act.CrashAndReload), Gen.Int[1, 150]).Array[1, 80];

    [Fact]
    public void No_diamond_is_lost_or_made_and_pending_ones_stay_for_the_whole_hold() => Gen.Select(Commands, Gen.Int[0, 10]).Sample((commands, holdDays) =>
    {
        var hold = TimeSpan.FromDays(holdDays);
        var (state, entries, now, reserved, paid) = (new EarningsState(), new List<Entry>(), Start, 0L, 0L);
        foreach (var (act, size) in commands)
        {
            Entry? entry = null;
            switch (act)
            {
                case Act.Credit:
                    entry = EarningsDecisions.Receive(Account, state, [new Credit(Some.Key(), 1, size, "ann", Guid.NewGuid(), "rose", 1, 2 * size)])[0];
                    break;
                case Act.Request:
                    var decision = EarningsDecisions.RequestPayout(Account, state, Some.Key(), new(size), Terms, hold, now);
                    var mature = entries.Where(e => e.Kind == EntryKind.GiftReceived && (holdDays == 0 || e.RecordedAt.UtcDateTime.Date.AddDays(1) + hold <= now.UtcDateTime)).Sum(e => e.Amount);
                    if (size >= Terms.Options.MinimumDiamonds) Assert.Equal(size > mature - reserved - paid, decision.Refusal?.Code == Refusal.InsufficientDiamonds);
                    else Assert.Equal(Refusal.BelowMinimum, decision.Refusal?.Code);
                    entry = decision.Entry;
                    reserved += entry is null ? 0 : size;
                    break;
                case Act.Return when reserved >= size:
                    entry = Next(state, EntryKind.PayoutReturned, size, new EntryDetail());
                    reserved -= size;
                    break;
                case Act.Pay when reserved >= size:
                    entry = Next(state, EntryKind.PayoutPaid, 0, new EntryDetail(Diamonds: size));
                    (reserved, paid) = (reserved - size, paid + size);
                    break;
                case Act.Wait:
                    now = now.AddHours(size);
                    break;
                case Act.CrashAndReload:
                    state = Fold(entries);
                    break;
            }
            if (entry is null) continue;
            entry = entry with { RecordedAt = now };
            state.Apply(entry);
            entries.Add(entry);
        }

        Assert.Equal((reserved, paid), (state.Reserved, state.Paid));
        Assert.Equal(state.LifetimeEarned, state.Balance + reserved + paid);
        Assert.Equal(state.Balance, state.Released + state.ByDay.Sum(day => day.Amount));
        Assert.InRange(state.AvailableAt(now, hold), 0, state.Balance);
        Assert.Equal(state.Balance, state.AvailableAt(now.AddYears(1), hold));
        Assert.Equal(JsonSerializer.Serialize(state), JsonSerializer.Serialize(Fold(entries)));
        Assert.Equal(JsonSerializer.Serialize(state), JsonSerializer.Serialize(JsonSerializer.SerializeToElement(state).Deserialize<EarningsState>()));
    });

    [Fact]
    public void Diamonds_are_pending_until_the_hold_has_passed_since_the_end_of_their_day()
    {
        var state = Fold([Credit(100, Start, 1, 0)]);
        var hold = TimeSpan.FromDays(7);

        Assert.Equal(0, state.AvailableAt(Start.AddDays(7), hold));
        Assert.Equal(0, state.AvailableAt(new DateTimeOffset(2026, 3, 8, 23, 59, 59, TimeSpan.Zero), hold));
        Assert.Equal(100, state.AvailableAt(new DateTimeOffset(2026, 3, 9, 0, 0, 0, TimeSpan.Zero), hold));
        Assert.Equal(100, state.AvailableAt(Start, TimeSpan.Zero));
    }

    [Fact]
    public void Days_older_than_any_hold_are_kept_as_one_sum()
    {
        var state = new EarningsState();
        for (var day = 0; day < 400; day++) state.Apply(Credit(1, Start.AddDays(day), day + 1, day));

        Assert.InRange(state.ByDay.Count, 1, EarningsState.LongestHoldDays + 2);
        Assert.Equal(400, state.Released + state.ByDay.Sum(day => day.Amount));
    }

    private static Entry Credit(long diamonds, DateTimeOffset at, long seq, long before) => new()
    {
        AccountId = Account,
        Seq = seq,
        TransferId = Some.Key(),
        Kind = EntryKind.GiftReceived,
        Amount = diamonds,
        BalanceAfter = before + diamonds,
        Counterparty = 1,
        RecordedAt = at,
    };

    private static Entry Next(EarningsState state, EntryKind kind, long amount, EntryDetail detail) => new()
    {
        AccountId = Account,
        Seq = state.Seq + 1,
        TransferId = Some.Key(),
        Kind = kind,
        Amount = amount,
        BalanceAfter = state.Balance + amount,
        Detail = detail,
    };

    private static EarningsState Fold(IEnumerable<Entry> entries)
    {
        var state = new EarningsState();
        foreach (var entry in entries) state.Apply(entry);
        return state;
    }
}
