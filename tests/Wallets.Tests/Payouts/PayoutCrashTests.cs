using Microsoft.Extensions.DependencyInjection;
using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>
/// A payout whose silo dies between any two steps. A step is whatever has an effect outside: a write of the payout's state, a call to the
/// provider, the commit of its end. The silo dies before or after the n-th of them, for every n until a run lives to the end; what it
/// does afterwards has no effect, as after kill -9. Then another silo takes over.
/// </summary>
public sealed class PayoutCrashTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    [Theory]
    [InlineData(Engine.Sqlite, "pending", Payout.Paid)]
    [InlineData(Engine.Sqlite, "fail", Payout.Failed)]
    [InlineData(Engine.Postgres, "twice", Payout.Paid)]
    public async Task Killed_between_any_two_steps_a_payout_ends_once(Engine engine, string order, string end)
    {
        for (var step = 1; ; step++)
        {
            if (!await DiesAt(engine, step, afterIt: false, order, end)) return;
            await DiesAt(engine, step, afterIt: true, order, end);
        }
    }

    [Fact]
    public async Task Killed_while_the_provider_is_told_it_is_not_told_again_as_long_as_that_may_be_on_its_way()
    {
        const int theTelling = 3;   // after the look-up and the write of what is about to be told
        var database = await databases.Create(Engine.Sqlite);
        var life = NewLife(theTelling, afterIt: true);
        string creator;
        var key = Some.Key();
        await using (var first = await sandbox.Cluster(database, wrap: life.Wrap, add: services => Bind(life, services)))
        {
            creator = await first.CreatorWith(100);
            await first.CashOut(creator, 100, key);
            await Eventually.Is(() => Task.FromResult(life.IsOver), over => over);
        }

        await using var second = await sandbox.Cluster(database, options => options.ResubmitAfter = TimeSpan.FromMinutes(1), behaviour: new("twice", "forget"));
        await Eventually.Is(() => second.CaseOf(creator, key), payout => payout.Asked >= 3);

        Assert.Equal(Payout.Unknown, (await second.PayoutOf(creator, key)).Status);
        Assert.Single(await sandbox.TransfersTo(creator));
    }

    /// <summary>False if the payout took fewer steps.</summary>
    private async Task<bool> DiesAt(Engine engine, int step, bool afterIt, string order, string end)
    {
        var database = await databases.Create(engine);
        var life = NewLife(step, afterIt);
        string creator;
        var key = Some.Key();
        await using (var first = await sandbox.Cluster(database, wrap: life.Wrap, add: services => Bind(life, services), behaviour: new(order)))
        {
            creator = await first.CreatorWith(100);
            await first.CashOut(creator, 100, key);
            await Eventually.Is(async () => life.IsOver || (await PaymentOf(first, creator, key))?.Kind is not null, ended => ended);
        }

        await using (var second = await sandbox.Cluster(database, behaviour: new(order)))
        {
            await second.PayoutIs(creator, key, end);
            Assert.Equal(end == Payout.Paid ? new(new(0), new(0), new(0), new(100)) : new DiamondsByState(new(0), new(100), new(0), new(0)), await second.Diamonds(creator));
            await second.IsClean();
        }
        Assert.Equal(end == Payout.Paid ? 1 : 0, (await sandbox.TransfersTo(creator)).Length);
        return life.IsOver;
    }

    private static async Task<Entry?> PaymentOf(TestCluster cluster, string creator, Guid key) =>
        await cluster.Ledger.FindTransfer((await cluster.Ledger.FindAccount(AccountKind.Earnings, creator))!.Value, PayoutFacts.EndKey(creator, key));

    private static Life NewLife(int step, bool afterIt) => new(step, afterIt, stateName => stateName == "payout", entry => entry.Kind is EntryKind.PayoutPaid or EntryKind.PayoutReturned);

    private static void Bind(Life life, IServiceCollection services)
    {
        life.Bind(services);
        var provider = services.Last(service => service.ServiceType == typeof(IPayoutProvider));
        services.Remove(provider);
        services.AddTransient<IPayoutProvider>(all => new MortalProvider((IPayoutProvider)provider.ImplementationFactory!(all), life));
    }

    private sealed class MortalProvider(IPayoutProvider provider, Life life) : IPayoutProvider
    {
        public Task<PayoutAnswer> Submit(PayoutInstruction instruction, CancellationToken cancellation) => life.Step(() => provider.Submit(instruction, cancellation));
        public Task<PayoutAnswer> Find(string idempotencyKey, CancellationToken cancellation) => life.Step(() => provider.Find(idempotencyKey, cancellation));
    }
}
