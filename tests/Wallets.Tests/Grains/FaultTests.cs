using Polly.Timeout;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>What a grain meets that its caller need not know by its own type, and what the caller is told instead.</summary>
public sealed class FaultTests(Databases databases)
{
    [Fact]
    public async Task A_wallet_whose_snapshot_cannot_be_read_is_unavailable_until_it_can()
    {
        var database = await databases.Create(Engine.Postgres);
        await using var cluster = await TestCluster.Start(database);
        await cluster.Buy("ann");
        await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));
        await database.Execute("ALTER TABLE orleansstorage RENAME TO elsewhere");

        await Assert.ThrowsAsync<UnavailableException>(() => cluster.Coins("ann"));
        await database.Execute("ALTER TABLE elsewhere RENAME TO orleansstorage");

        await Eventually.Is(async () => await cluster.Grains.GetGrain<IWalletGrain>("ann").GetBalance(cluster.Viewer("ann")), answer => answer.Value?.Coins.Value == 330);
    }

    [Fact]
    public async Task A_call_within_that_found_no_place_in_time_is_told_as_a_timeout()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), wrap: inner => new RejectingLedger(inner));
        await cluster.Buy("ann");

        await Assert.ThrowsAsync<TimeoutException>(() => cluster.Grains.GetGrain<IWalletGrain>("ann").GetGift(cluster.Viewer("ann"), Some.Key()));
    }

    [Fact]
    public async Task A_gift_that_is_handed_over_to_its_wallet_is_told_the_same()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), wrap: inner => new RejectingLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        var fault = await Assert.ThrowsAsync<TimeoutException>(() => new GiftBatches(cluster.Grains, new LostConnections()).Send(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "no such gift", 1)));

        Assert.Contains("A call within", fault.Message);   // not that no answer came
    }

    /// <summary>Look-ups end as a call does whose grain Orleans could not place.</summary>
    private sealed class RejectingLedger(ILedger inner) : WrappedLedger(inner)
    {
        public override Task<Entry?> FindTransfer(long accountId, Guid transferId) => throw new TimeoutRejectedException();
    }

    [Fact]
    public async Task A_grain_whose_state_cannot_be_stored_is_unavailable_until_it_can()
    {
        var database = await databases.Create(Engine.Postgres);
        await using var cluster = await TestCluster.Start(database);
        var stream = cluster.Grains.GetGrain<IStreamGrain>(Some.Key());
        await stream.GetView();
        await database.Execute("REVOKE INSERT ON orleansstorage FROM wallets_app");

        await Assert.ThrowsAsync<UnavailableException>(() => stream.Start(cluster.Creator("cleo"), "cleo", "A stream"));
        await database.Execute("GRANT INSERT ON orleansstorage TO wallets_app");

        Assert.True((await stream.Start(cluster.Creator("cleo"), "cleo", "A stream")).IsOk);
    }

    [Fact]
    public async Task Nobody_is_told_of_an_entry_before_the_balance_that_goes_with_it()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => new HesitantLedger(inner));
        var (wallet, earnings) = (cluster.Grains.GetGrain<IWalletGrain>("ann"), cluster.Grains.GetGrain<IEarningsGrain>("cleo"));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var key = Some.Key();

        var sending = cluster.Send("ann", stream, quantity: 10, key: key);
        await Eventually.Is(() => wallet.GetGift(cluster.Viewer("ann"), key), gift => gift.IsOk);
        Assert.Equal(320, await cluster.Coins("ann"));

        await Eventually.Is(() => earnings.GetStatement(cluster.Creator("cleo"), 0, 10), statement => statement.Value!.Items.Length == 1);
        Assert.Equal(5, (await cluster.Diamonds("cleo")).Available.Value);
        Assert.True((await sending).IsOk);
    }

    /// <summary>The database has committed long before this side hears of it.</summary>
    private sealed class HesitantLedger(ILedger inner) : WrappedLedger(inner)
    {
        private static readonly TimeSpan UntilItIsHeard = TimeSpan.FromMilliseconds(500);

        public override async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
        {
            var result = await base.Commit(batch, cancellation);
            await Task.Delay(UntilItIsHeard, cancellation);
            return result;
        }
    }
}
