using CsCheck;
using Wallets.Ledger.Accounts;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>
/// For any sequence of purchases, gifts, refunds, reversals, payouts and days: the books balance, no other lot's gift is touched, and
/// what is refunded whole and reversed is as if it had never been. Both sides run as their grains run them, deliveries in between.
/// </summary>
public sealed class RefundPropertyTests
{
    [Fact]
    public void The_books_balance_and_only_gifts_of_the_refunded_lot_are_touched() => AnyHistory.Commands.Sample(commands =>
    {
        var run = new AnyHistory();
        foreach (var (act, size) in commands) run.Do(act, size);
        run.Settle();
        run.Check();
    });

    [Fact]
    public void Refunds_that_are_all_reversed_leave_every_balance_as_it_was() => AnyHistory.Commands.Sample(commands =>
    {
        var (with, without) = (new AnyHistory(), new AnyHistory());
        foreach (var (act, size) in commands.Where(command => command.Act is Act.Buy or Act.BuyWithBonus or Act.Send or Act.Settle))
        {
            with.Do(act, size);
            without.Do(act, size);
        }
        with.Settle();
        without.Settle();
        foreach (var (act, size) in commands.Where(command => command.Act is Act.Refund or Act.RefundPart or Act.Dispute)) with.Do(act, size);
        with.ReverseAll();
        with.Settle();

        Assert.Equal(without.Balances, with.Balances);
        Assert.Equal(without.State.Lots.OrderBy(lot => (lot.Paid, lot.Bonus)).Select(lot => (lot.Paid, lot.Bonus)), with.State.Lots.OrderBy(lot => (lot.Paid, lot.Bonus)).Select(lot => (lot.Paid, lot.Bonus)));
        Assert.Equal(Standing.Good, with.State.Standing);
    });
}
