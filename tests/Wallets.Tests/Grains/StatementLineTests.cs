using System.Text.Json;
using Wallets.Grains.Accounts;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Grains;

public sealed class StatementLineTests
{
    [Fact]
    public void Every_kind_of_entry_has_a_name_of_its_own()
    {
        var names = Enum.GetValues<EntryKind>().Select(kind => LineOf(kind, new EntryDetail()).Kind).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void A_clawback_says_which_lot_and_gift_and_why()
    {
        var (lot, gift, refund) = (Some.Key(), Some.Key(), Some.Key());
        var line = LineOf(EntryKind.ClawedBack, new EntryDetail(Diamonds: 7, Lot: lot, Gift: gift, Refund: refund, FromPending: 2, Owed: 5, Reason: "chargeback", Actor: "staff-1"));

        Assert.Equal(("clawed_back", lot, gift, refund, 2L, 5L, "chargeback"), (line.Kind, line.Lot!.Value, line.Gift!.Value, line.Refund!.Value, line.FromPending!.Value.Value, line.Owed!.Value.Value, line.Reason));
        Assert.DoesNotContain("staff-1", JsonSerializer.Serialize(line));
    }

    private static StatementLine LineOf(EntryKind kind, EntryDetail detail) => StatementLines.Of(
        new Entry { AccountId = 1, Seq = 1, TransferId = Some.Key(), Kind = kind, Amount = 0, BalanceAfter = 0, Detail = detail }, new Dictionary<long, string>(), null);
}
