using Microsoft.Extensions.DependencyInjection;
using Orleans.Providers;
using Orleans.Storage;
using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
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
        var life = new Life(theTelling, afterIt: true);
        string creator;
        var key = Some.Key();
        await using (var first = await sandbox.Cluster(database, wrap: inner => new MortalLedger(inner, life), add: services => life.Bind(services)))
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
        var life = new Life(step, afterIt);
        string creator;
        var key = Some.Key();
        await using (var first = await sandbox.Cluster(database, wrap: inner => new MortalLedger(inner, life), add: services => life.Bind(services), behaviour: new(order)))
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

    /// <summary>Counts a silo's steps and ends it at one of them.</summary>
    private sealed class Life(int step, bool afterIt)
    {
        private int _steps;

        public bool IsOver { get; private set; }

        public async Task<T> Step<T>(Func<Task<T>> effect)
        {
            var isLast = Interlocked.Increment(ref _steps) == step;
            if (isLast && !afterIt) IsOver = true;
            DieIfOver();
            var result = await effect();
            if (isLast) IsOver = true;
            DieIfOver();
            return result;
        }

        public void DieIfOver()
        {
            if (IsOver) throw new IOException("This silo is dead.");
        }

        public void Bind(IServiceCollection services)
        {
            var provider = services.Last(service => service.ServiceType == typeof(IPayoutProvider));
            services.Remove(provider);
            services.AddTransient<IPayoutProvider>(all => new MortalProvider((IPayoutProvider)provider.ImplementationFactory!(all), this));
            var storage = services.Last(service => service.ServiceType == typeof(IGrainStorage) && Equals(service.ServiceKey, ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME));
            services.Remove(storage);
            services.AddKeyedSingleton<IGrainStorage>(storage.ServiceKey, (all, name) => new MortalStorage((IGrainStorage)storage.KeyedImplementationFactory!(all, name), this));
        }
    }

    private sealed class MortalProvider(IPayoutProvider provider, Life life) : IPayoutProvider
    {
        public Task<PayoutAnswer> Submit(PayoutInstruction instruction, CancellationToken cancellation) => life.Step(() => provider.Submit(instruction, cancellation));
        public Task<PayoutAnswer> Find(string idempotencyKey, CancellationToken cancellation) => life.Step(() => provider.Find(idempotencyKey, cancellation));
    }

    private sealed class MortalStorage(IGrainStorage storage, Life life) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ReadStateAsync(stateName, grainId, grainState);
        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => storage.ClearStateAsync(stateName, grainId, grainState);
        public void Participate(ISiloLifecycle observer) => ((ILifecycleParticipant<ISiloLifecycle>)storage).Participate(observer);

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            life.DieIfOver();
            if (stateName != "payout") await storage.WriteStateAsync(stateName, grainId, grainState);
            else await life.Step(async () =>
            {
                await storage.WriteStateAsync(stateName, grainId, grainState);
                return true;
            });
        }
    }

    private sealed class MortalLedger(ILedger inner, Life life) : WrappedLedger(inner)
    {
        public override async Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation)
        {
            try
            {
                life.DieIfOver();
                return batch.Any(append => append.Entries.Any(entry => entry.Kind is EntryKind.PayoutPaid or EntryKind.PayoutReturned))
                    ? await life.Step(() => base.Commit(batch, cancellation))
                    : await base.Commit(batch, cancellation);
            }
            catch (IOException death)
            {
                throw new LedgerFaultException(mayHaveCommitted: true, death);
            }
        }
    }
}
