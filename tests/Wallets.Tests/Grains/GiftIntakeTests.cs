using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Gifts of many viewers that go to the silos together, as <see cref="WalletsClient"/> sends them.</summary>
public sealed class GiftIntakeTests(Databases databases)
{
    [Fact]
    public async Task Each_of_many_gifts_at_once_gets_its_own_answer()
    {
        const int viewers = 10, giftsEach = 30;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var client = new WalletsClient(cluster.Grains, new LostConnections());
        var names = Enumerable.Range(0, viewers).Select(i => $"viewer-{i}").ToList();
        foreach (var name in names) await cluster.Buy(name);
        var stream = await cluster.GoLive("cleo");

        var sent = await Task.WhenAll(names.SelectMany(name => Enumerable.Range(0, giftsEach).Select(async _ =>
        {
            var key = Some.Key();
            return (name, key, Outcome: await client.SendGift(cluster.Viewer(name), name, new GiftOrder(key, stream, "rose", 1)));
        })));

        Assert.All(sent, gift => Assert.Equal((gift.name, gift.key, false), (gift.Outcome.Value!.UserId, gift.Outcome.Value.Key, gift.Outcome.Replayed)));
        foreach (var name in names) Assert.Equal(330 - giftsEach, await cluster.Coins(name));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_gift_does_not_wait_for_a_slower_one_of_the_same_call()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var gate = new TaskCompletionSource();
        faulty!.Gate = gate.Task;
        var heard = new Heard();

        await cluster.Grains.GetGrain<IGiftIntake>(0).Take(
            [
                new GiftCall(1, cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1), null),
                new GiftCall(2, cluster.Viewer("bob"), "bob", new GiftOrder(Some.Key(), stream, "no such gift", 1), null),
            ],
            cluster.Grains.CreateObjectReference<IGiftAnswers>(heard));

        await Eventually.Is(() => Task.FromResult(heard.Count), count => count == 1);
        Assert.Equal(Refusal.UnknownGift, heard.Of(2).Outcome.Refusal!.Code);
        gate.SetResult();
        await Eventually.Is(() => Task.FromResult(heard.Count), count => count == 2);
        Assert.True(heard.Of(1).Outcome.IsOk);
    }

    [Fact]
    public async Task An_intake_that_stands_still_is_passed_over()
    {
        var standsStill = new StandsStill();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), add: services => services.AddSingleton<IIncomingGrainCallFilter>(standsStill));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var batches = new GiftBatches(cluster.Grains, new LostConnections());
        Task<Outcome<GiftReceipt>> Send() => batches.Send(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));
        Assert.True((await Send()).IsOk);

        standsStill.HoldsNext = true;
        var held = Send();
        await standsStill.Called.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await Eventually.Is(async () => await Task.WhenAny(Send(), Task.Delay(50)) is Task<Outcome<GiftReceipt>> { IsCompletedSuccessfully: true }, isAnswered => isAnswered, withinSeconds: 3);
        Assert.False(held.IsCompleted);
        standsStill.Release();
        Assert.True((await held).IsOk);
    }

    [Fact]
    public async Task A_refusal_after_an_attempt_whose_answer_is_lost_leaves_the_gift_unknown()
    {
        var standsStill = new StandsStill();
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), add: services => services.AddSingleton<IIncomingGrainCallFilter>(standsStill));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var connections = new LostConnections();
        standsStill.HoldsNext = true;

        var sending = new WalletsClient(cluster.Grains, connections).SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));
        await standsStill.Called.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True((await cluster.Send("ann", stream, quantity: 330)).IsOk);   // the next attempt will be refused
        connections.Tell();

        var fault = await Record.ExceptionAsync(() => sending);
        standsStill.Release();   // the first one was on its way until now
        Assert.IsType<OutcomeUnknownException>(fault);
    }

    [Fact]
    public async Task What_a_wallet_throws_reaches_the_sender_as_it_is()
    {
        FaultyLedger? faulty = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => faulty = new FaultyLedger(inner));
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        cluster.Service<LedgerWriterOptions>().GiveUpAfter = TimeSpan.FromMilliseconds(50);
        faulty!.Plan = _ => FaultyLedger.Fault.BeforeCommit;
        var batches = new GiftBatches(cluster.Grains, new LostConnections());

        await Assert.ThrowsAsync<UnavailableException>(() => batches.Send(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1)));
    }

    [Fact]
    public async Task A_gift_goes_on_in_its_senders_trace()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres));
        var client = new WalletsClient(cluster.Grains, new LostConnections());
        await cluster.Buy("ann");
        var stream = await cluster.GoLive("cleo");
        var seen = new TaskCompletionSource<ActivityTraceId>();
        using var source = new ActivitySource("a front end");
        using var listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate.Name is "a front end" or "Wallets",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => { if (activity.OperationName == "gift") seen.TrySetResult(activity.TraceId); },
        };
        ActivitySource.AddActivityListener(listener);

        using var request = source.StartActivity("request");
        await client.SendGift(cluster.Viewer("ann"), "ann", new GiftOrder(Some.Key(), stream, "rose", 1));

        Assert.Equal(request!.TraceId, await seen.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    /// <summary>Holds up what one intake is sent, as a process does that was stopped.</summary>
    private sealed class StandsStill : IIncomingGrainCallFilter
    {
        private readonly TaskCompletionSource _called = new();
        private readonly TaskCompletionSource _released = new();
        private long? _intake;

        /// <summary>Whichever intake is called next is the one.</summary>
        public bool HoldsNext { get; set; }
        public Task Called => _called.Task;
        public void Release() => _released.TrySetResult();

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (HoldsNext && context.Grain is IGiftIntake intake && intake.GetPrimaryKeyLong() == (_intake ??= intake.GetPrimaryKeyLong()))
            {
                _called.TrySetResult();
                await _released.Task;
            }
            await context.Invoke();
        }
    }

    private sealed class Heard : IGiftAnswers
    {
        private readonly Dictionary<long, GiftAnswer> _answers = [];

        public int Count { get { lock (_answers) return _answers.Count; } }

        public GiftAnswer Of(long id) { lock (_answers) return _answers[id]; }

        public Task Hear(GiftAnswer[] answers)
        {
            lock (_answers)
                foreach (var answer in answers) _answers.Add(answer.Id, answer);
            return Task.CompletedTask;
        }
    }
}
