using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Core.Internal;
using Wallets.Grains.Accounts;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Gifts that are handed to a wallet on the silo where they came in, beside calls of it.</summary>
public sealed class LocalGiftTests(Databases databases)
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task Filters_see_a_gift_that_is_handed_over_as_they_see_a_call(bool giftsAreCalls, int handedOver)
    {
        var seen = new SeenCalls();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), options => options.GiftsAreCalls = giftsAreCalls, add: services => services.AddSingleton<IIncomingGrainCallFilter>(seen));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        var sent = await ClientOf(cluster).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));

        Assert.True(sent.IsOk);
        var call = Assert.Single(seen.OfWallets, call => call.Method == nameof(IWalletGrain.SendGift));
        Assert.Equal(("ann", handedOver == 1), (call.User, call.IsHandedOver));
    }

    [Fact]
    public async Task Gifts_handed_over_and_calls_of_one_wallet_take_turns()
    {
        const int gifts = 120, purchases = 12;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var client = ClientOf(cluster);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");

        var sending = Enumerable.Range(0, gifts).Select(_ => client.SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1))).ToList();
        var calling = Enumerable.Range(0, gifts).Select(_ => cluster.Send("ann", stream)).ToList();
        var buying = Enumerable.Range(0, purchases).Select(_ => cluster.Buy("ann")).ToList();

        Assert.All(await Task.WhenAll([.. sending, .. calling]), gift => Assert.Equal((true, false), (gift.IsOk, gift.Replayed)));
        Assert.All(await Task.WhenAll(buying), purchase => Assert.True(purchase.IsOk));
        Assert.Equal((330 * (1 + purchases)) - (2 * gifts), await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task Gifts_are_taken_while_their_wallet_goes_and_comes_back()
    {
        const int senders = 10, giftsEach = 30;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);
        var client = ClientOf(cluster);
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var wallet = cluster.Grains.GetGrain<IWalletGrain>("ann");

        var sending = Task.WhenAll(Enumerable.Range(0, senders).Select(async _ =>
        {
            for (var n = 0; n < giftsEach; n++) Assert.True((await client.SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1))).IsOk);
        }));
        var departures = 0;
        for (; !sending.IsCompleted; departures++) await wallet.Cast<IGrainManagementExtension>().DeactivateOnIdle();
        await sending;

        Assert.True(departures > 1);
        Assert.Equal(330 - (senders * giftsEach), await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_gift_behind_one_of_unknown_outcome_is_decided_by_the_next_activation()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromSeconds(1);
        var activation = cluster.Service<LocalWallets>().Find("ann")!;
        var gate = new TaskCompletionSource();
        faulty!.Gate = gate.Task;
        var next = faulty.Commits + 1;
        faulty.Plan = commit => commit == next ? FaultyLedger.Fault.AfterCommit : activation.IsGoing ? FaultyLedger.Fault.None : FaultyLedger.Fault.BeforeCommit;
        var batches = new GiftBatches(cluster.Grains, new LostConnections());
        Task<Outcome<GiftReceipt>> Send() => batches.Send(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));

        var first = Send();
        await Eventually.Is(() => Task.FromResult(faulty.Commits), commits => commits == next);
        var second = Send();
        await Eventually.Is(() => Task.FromResult(activation.GiftsWaiting), waiting => waiting == 1);
        gate.SetResult();

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => first);
        Assert.Equal(328, (await second).Value!.Balance.Value);
        Assert.NotSame(activation, cluster.Service<LocalWallets>().Find("ann"));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_gift_that_its_sender_has_given_up_is_not_sent()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var gate = new TaskCompletionSource();
        faulty!.Gate = gate.Task;
        var batches = new GiftBatches(cluster.Grains, new LostConnections());
        Task<Outcome<GiftReceipt>> Send(Guid key) => batches.Send(cluster.Viewer("ann"), "ann", new GiftOrder(key, stream, "rose", 1));
        var (early, late) = (Some.Key(), Some.Key());

        var first = Send(early);
        var activation = cluster.Service<LocalWallets>().Find("ann")!;
        var second = Send(late);
        await Eventually.Is(() => Task.FromResult(activation.GiftsWaiting), waiting => waiting == 1);
        await Assert.ThrowsAsync<TimeoutException>(() => first);
        await Assert.ThrowsAsync<TimeoutException>(() => second);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);   // the silo's five seconds began later than the sender's
        gate.SetResult();

        Assert.True((await Send(early)).Replayed);
        Assert.Equal(Refusal.UnknownTransfer, (await cluster.Grains.GetGrain<IWalletGrain>("ann").GetGift(cluster.Viewer("ann"), late)).Refusal?.Code);
        Assert.Equal(329, await cluster.Coins("ann"));
    }

    [Fact]
    public async Task An_activation_that_Orleans_has_given_up_gets_no_gifts()
    {
        HeldLedger? held = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => held = new HeldLedger(inner),
            add: services => services.Configure<GrainCollectionOptions>(options => options.ActivationTimeout = TimeSpan.FromMilliseconds(500)));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var local = cluster.Service<LocalWallets>();
        var gate = new TaskCompletionSource();
        held!.Gate = gate.Task;
        await cluster.Deactivate(cluster.Grains.GetGrain<IWalletGrain>("ann"));

        await Assert.ThrowsAnyAsync<Exception>(() => cluster.Coins("ann"));
        held.Gate = Task.CompletedTask;
        Assert.Equal(330, await cluster.Coins("ann"));
        var activation = local.Find("ann");
        var (asked, answered) = (held.Asked, held.Answered);
        gate.SetResult();   // those that were given up go on
        await Eventually.Is(() => Task.FromResult(held.Answered), now => now == asked);

        Assert.True(answered < asked);
        Assert.True((await ClientOf(cluster).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1))).IsOk);
        Assert.Same(activation, local.Find("ann"));
    }

    /// <summary>Accounts are read once the gate is open.</summary>
    private sealed class HeldLedger(ILedger inner) : WrappedLedger(inner)
    {
        private int _asked, _answered;

        public Task Gate { get; set; } = Task.CompletedTask;
        public int Asked => Volatile.Read(ref _asked);
        public int Answered => Volatile.Read(ref _answered);

        public override async Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq)
        {
            var gate = Gate;
            Interlocked.Increment(ref _asked);
            await gate;
            var tail = await base.FindTail(kind, name, afterSeq);
            Interlocked.Increment(ref _answered);
            return tail;
        }
    }

    [Fact]
    public async Task A_wallet_that_gets_gifts_is_not_taken_for_idle()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        await cluster.Buy("bob");
        var stream = await cluster.GoLive("cleo");
        await ClientOf(cluster).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));
        var local = cluster.Service<LocalWallets>();

        await cluster.Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);

        await Eventually.Is(() => Task.FromResult(local.Find("bob")), bob => bob is null);
        Assert.NotNull(local.Find("ann"));
    }

    [Fact]
    public async Task A_wallet_with_too_many_gifts_waiting_says_so()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        await cluster.Buy("ann");
        var wallet = cluster.Service<LocalWallets>().Find("ann")!;
        await wallet.BeginTurn();
        var waiting = Enumerable.Range(0, WalletGrain.MostGiftsWaiting).Select(_ => wallet.BeginTurn().AsTask()).ToList();

        await Assert.ThrowsAsync<OverloadedException>(() => wallet.BeginTurn().AsTask());

        wallet.EndTurn();
        foreach (var turn in waiting)
        {
            await turn;
            wallet.EndTurn();
        }
        Assert.Equal(0, wallet.GiftsWaiting);
    }

    private static WalletsClient ClientOf(TestCluster cluster) => new(cluster.Grains, new LostConnections());

    private sealed class SeenCalls : IIncomingGrainCallFilter
    {
        private readonly ConcurrentQueue<(string User, string Method, bool IsHandedOver)> _calls = new();

        public IEnumerable<(string User, string Method, bool IsHandedOver)> OfWallets => _calls;

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Grain is IWalletGrain wallet) _calls.Enqueue((wallet.GetPrimaryKeyString(), context.ImplementationMethod.Name, context is LocalGift));
            return context.Invoke();
        }
    }
}
