using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Ledger;

/// <summary>What an activation begins with, read for many accounts together.</summary>
public sealed class TailTests(Databases databases)
{
    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task Each_of_many_accounts_gets_its_own_entries_in_their_order(Engine engine)
    {
        const int accounts = 250;   // more than one query takes
        var database = await databases.Create(engine);
        var ledger = database.Connect();
        await using var disposal = (IAsyncDisposable)ledger;
        var ids = new List<long>();
        for (var n = 0; n < accounts; n++) ids.Add(await ledger.OpenAccount(AccountKind.Wallet, $"viewer-{n}"));
        var creator = await ledger.OpenAccount(AccountKind.Earnings, "viewer-1");   // another account of the same name
        await ledger.Write([.. ids.Take(accounts - 1).SelectMany((id, n) => Enumerable.Range(1, 1 + (n % 4)).Select(seq => Some.Purchase(id, 10, seq, (seq - 1) * 10)))]);

        var tails = await Task.WhenAll(Enumerable.Range(0, accounts).Select(n => ledger.FindTail(AccountKind.Wallet, $"viewer-{n}", 1)));
        var others = await Task.WhenAll(ledger.FindTail(AccountKind.Earnings, "viewer-1", 0), ledger.FindTail(AccountKind.Earnings, "viewer-2", 0), ledger.FindTail(AccountKind.Wallet, "nobody", 0));

        Assert.Equal(ids, tails.Select(tail => tail!.AccountId));
        for (var n = 0; n < accounts - 1; n++) Assert.Equal(Enumerable.Range(2, n % 4).Select(seq => (ids[n], (long)seq, seq * 10L)), tails[n]!.Entries.Select(entry => (entry.AccountId, entry.Seq, entry.BalanceAfter)));
        Assert.Empty(tails[^1]!.Entries);
        Assert.Equal((creator, 0), (others[0]!.AccountId, others[0]!.Entries.Count));
        Assert.Equal([null, null], others[1..]);
    }

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_tail_that_is_longer_begins_at_its_beginning(Engine engine)
    {
        var database = await databases.Create(engine);
        var ledger = database.Connect();
        await using var disposal = (IAsyncDisposable)ledger;
        var ann = await ledger.OpenAccount(AccountKind.Wallet, "ann");
        await ledger.Write([.. Enumerable.Range(1, AccountTail.Longest + 5).Select(seq => Some.Purchase(ann, 10, seq, (seq - 1) * 10))]);

        var tail = await ledger.FindTail(AccountKind.Wallet, "ann", 2);

        Assert.Equal(Enumerable.Range(3, AccountTail.Longest).Select(seq => (long)seq), tail!.Entries.Select(entry => entry.Seq));
    }

    [Fact]
    public async Task An_entry_that_makes_no_sense_is_a_matter_of_its_own_account()
    {
        var database = await databases.Create(Engine.Postgres);
        var ledger = database.Connect();
        await using var disposal = (IAsyncDisposable)ledger;
        var ids = new List<long>();
        for (var n = 0; n < 20; n++) ids.Add(await ledger.OpenAccount(AccountKind.Wallet, $"viewer-{n}"));
        await ledger.Write([.. ids.Select(id => Some.Purchase(id, 10))]);
        await database.Execute($$"""INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, detail) VALUES ({{ids[7]}}, 2, gen_random_uuid(), 1, 11, 0, now(), 1, '{"channel": 5}')""");

        var tails = Enumerable.Range(0, 20).Select(n => ledger.FindTail(AccountKind.Wallet, $"viewer-{n}", 0)).ToList();
        await Task.WhenAny(Task.WhenAll(tails));

        Assert.Equal([7], Enumerable.Range(0, 20).Where(n => !tails[n].IsCompletedSuccessfully));
    }
}
