using Wallets.Grains;
using Wallets.Grains.Settlement;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Wallets.Tests.Payments;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>
/// Flows of several steps whose silo dies between any two of them: before or after the n-th write of their grains' state, commit of their
/// entries or line of their act, for every n until a silo lives to the end. The next silo, which is the next victim, must find or make
/// the exact end of it.
/// </summary>
public sealed class FlowCrashTests(Databases databases)
{
    private const int Each = 50;

    private static readonly Caller Olga = new("olga", Roles.Operator);
    private static readonly Caller Omar = new("omar", Roles.Operator);

    /// <param name="Prepare">What is there before the steps that are counted; before the cluster if it needs none.</param>
    /// <param name="Do">Goes through the steps for the n-th user; may end in any way.</param>
    /// <param name="Ends">Awaits the end for the n-th user, asking again where a caller would, and asserts it.</param>
    private sealed record Flow(
        Func<string, bool> IsState, Func<Entry, bool> IsEntry, Func<TestCluster, int, Task> Do, Func<TestCluster, int, Task> Ends,
        Func<TestCluster, int, Task>? Prepare = null, Func<ILedger, int, Task>? Before = null);

    [Theory, InlineData(Engine.Sqlite), InlineData(Engine.Postgres)]
    public async Task A_grant_takes_of_the_budget_what_it_gives_and_gives_it_once(Engine engine)
    {
        var steps = await DieAtEveryStep(engine, new(
            state => state == "campaign",
            entry => entry.Kind == EntryKind.BonusGranted,
            (cluster, n) => Grant(cluster, n),
            async (cluster, n) =>
            {
                // By itself: what is taken of the budget is given.
                await Eventually.Is(async () => (Given: await Given(cluster), Held: await Held(cluster, n)), seen => seen.Given == seen.Held);
                Assert.True((await Grant(cluster, n)).IsOk);
                Assert.Equal(Each, await cluster.Coins($"user-{n}"));
                Assert.Equal((n + 1) * Each, await Given(cluster));
            },
            async (cluster, n) =>
            {
                if (n == 0) await Apply(cluster, new ActOrder(ActKinds.OpenCampaign, "welcome", "New viewers.", Campaign: new Campaign("welcome", new(Each), new(5_000), TimeProvider.System.GetUtcNow().AddDays(1), 7)));
            }));

        Assert.True(steps >= 2);
    }

    [Fact]
    public async Task A_grant_that_died_is_given_after_the_campaigns_end_and_with_the_budget_used_up()
    {
        var database = await databases.Create(Engine.Sqlite);
        var life = new Life(2, afterIt: false, state => state == "campaign", entry => entry.Kind == EntryKind.BonusGranted) { HasBegun = false };
        DateTimeOffset endsAt;
        await using (var first = await TestCluster.Start(database, wrap: life.Wrap, add: life.Bind))
        {
            endsAt = TimeProvider.System.GetUtcNow().AddSeconds(6);
            await Apply(first, new ActOrder(ActKinds.OpenCampaign, "welcome", "New viewers.", Campaign: new Campaign("welcome", new(Each), new(Each), endsAt, null)));
            life.HasBegun = true;
            await Survive(() => Grant(first, 0));
            Assert.True(life.IsOver);
        }

        await Eventually.Is(() => Task.FromResult(TimeProvider.System.GetUtcNow()), now => now > endsAt);
        await using var second = await TestCluster.Start(database);
        await Eventually.Is(() => second.Coins("user-0"), coins => coins == Each);

        Assert.True((await Grant(second, 0)).Replayed);
        Assert.Equal(Refusal.CampaignEnded, (await Grant(second, 1)).Refusal?.Code);
        Assert.Equal(Each, await Given(second));
        await second.IsClean();
    }

    [Fact]
    public async Task Coins_that_a_wallet_cannot_take_go_back_to_the_budget()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Sqlite), options => options.Approvals.AboveCoins = long.MaxValue);
        await Apply(cluster, new ActOrder(ActKinds.OpenCampaign, "welcome", "New viewers.", Campaign: new Campaign("welcome", new(Each), new(Each), TimeProvider.System.GetUtcNow().AddDays(1), null)));
        var full = await cluster.Ledger.OpenAccount(AccountKind.Wallet, "user-0");
        await cluster.Ledger.Write(Some.Purchase(full, (1L << 53) - 10));

        var tooMuch = await Grant(cluster, 0);
        var given = await Grant(cluster, 1);

        Assert.Equal(Refusal.BalanceTooLarge, tooMuch.Refusal?.Code);
        Assert.True(given.IsOk);
        Assert.Equal(Each, await Given(cluster));
    }

    [Theory]
    [InlineData(ActKinds.AdjustCoins, false)]
    [InlineData(ActKinds.AdjustCoins, true)]
    [InlineData(ActKinds.AdjustDiamonds, false)]
    [InlineData(ActKinds.SetStanding, false)]
    public async Task An_act_is_applied_once_and_recorded_as_what_it_came_to(string kind, bool byTwo)
    {
        var amount = byTwo ? 20_000 : 70;
        ActOrder Order(int n) => kind == ActKinds.SetStanding
            ? new(kind, $"user-{n}", "A stolen card.", Standing: "frozen")
            : new(kind, $"user-{n}", "Lost by a provider.", Amount: amount);
        var keys = Enumerable.Range(0, 100).Select(_ => Some.Key()).ToArray();
        async Task<ActView> Ask(TestCluster cluster, int n)
        {
            var act = cluster.Grains.GetGrain<IActGrain>(keys[n]);
            var asked = await act.Ask(Olga, Order(n));
            return byTwo ? (await act.Approve(Omar)).Value! : asked.Value!;
        }
        async Task<string> EndOf(TestCluster cluster, int n) => kind switch
        {
            ActKinds.AdjustCoins => $"{await cluster.Coins($"user-{n}")}",
            ActKinds.AdjustDiamonds => $"{(await cluster.Diamonds($"user-{n}")).Available.Value}",
            _ => (await cluster.Grains.GetGrain<IWalletGrain>($"user-{n}").GetBalance(cluster.Viewer($"user-{n}"))).Value!.Standing,
        };

        var steps = await DieAtEveryStep(Engine.Sqlite, new(
            _ => false,
            entry => entry.Kind is EntryKind.Adjusted or EntryKind.EarningsAdjusted or EntryKind.StandingChanged,
            Ask,
            async (cluster, n) =>
            {
                Assert.Equal(ActView.Applied, (await Ask(cluster, n)).Status);
                Assert.Equal(kind == ActKinds.SetStanding ? "frozen" : $"{amount}", await EndOf(cluster, n));
                var recorded = (await cluster.Grains.GetGrain<IActRecordGrain>(IActRecordGrain.Key).Read(Olga, 0, 500)).Value!.Items.Where(step => step.Key == keys[n]);
                Assert.Equal(byTwo ? ["asked", "approved", "applied"] : ["asked", "applied"], recorded.Select(step => step.Step));
            }));

        Assert.Equal(byTwo ? 4 : 3, steps);
    }

    [Fact]
    public async Task Bonus_coins_expire_once()
    {
        var expiresAt = DateTimeOffset.UnixEpoch;
        var steps = await DieAtEveryStep(Engine.Sqlite, new(
            state => state == "expiry",
            entry => entry.Kind == EntryKind.Expired,
            async (cluster, n) =>
            {
                await Eventually.Is(() => cluster.Coins($"user-{n}"), coins => coins == 70);
                await cluster.Service<IGrainFactory>().GetGrain<IExpiryGrain>(IExpiryGrain.Key).Sweep();   // ends after the sweep that is under way, which has yet to store how far it came
            },
            (cluster, n) => Eventually.Is(() => cluster.Coins($"user-{n}"), coins => coins == 70),
            Before: async (ledger, n) =>
            {
                expiresAt = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());   // after the sweep before, if there was one
                await ledger.Write(Some.Purchase(await ledger.OpenAccount(AccountKind.Wallet, $"user-{n}"), 100, bonus: 30, expires: expiresAt));
                await Eventually.Is(() => Task.FromResult(TimeProvider.System.GetUtcNow()), now => now >= expiresAt.AddSeconds(1));
            }));

        Assert.Equal(2, steps);
    }

    [Fact]
    public async Task A_sweep_that_failed_is_repeated_soon()
    {
        var database = await databases.Create(Engine.Sqlite);
        var ledger = database.Connect();
        await using (ledger as IAsyncDisposable)
            await ledger.Write(Some.Purchase(await ledger.OpenAccount(AccountKind.Wallet, "ann"), 100, bonus: 30, expires: TimeProvider.System.GetUtcNow().AddMinutes(-1)));

        await using var cluster = await TestCluster.Start(database, wrap: inner => new OnceDown(inner));

        await Eventually.Is(() => cluster.Coins("ann"), coins => coins == 70);
    }

    private sealed class OnceDown(ILedger inner) : WrappedLedger(inner)
    {
        private int _asked;

        public override Task<IReadOnlyList<string>> FindExpiring(DateTimeOffset after, DateTimeOffset through) =>
            Interlocked.Increment(ref _asked) == 1 ? throw new LedgerFaultException(mayHaveCommitted: false, new IOException("Down.")) : base.FindExpiring(after, through);
    }

    [Fact]
    public async Task A_reversed_refund_gives_payer_and_creator_back_what_it_took()
    {
        var steps = await DieAtEveryStep(Engine.Postgres, new(
            state => state == "receipt",
            entry => entry.Kind is EntryKind.RefundReversed or EntryKind.ClawbackReversed,
            async (cluster, n) =>
            {
                await Tell(cluster, "dispute.won", new { paymentId = $"pay-{n}" });
                await Eventually.Is(() => cluster.Diamonds($"cleo-{n}"), diamonds => diamonds.Available.Value == 25);
            },
            async (cluster, n) =>
            {
                await Tell(cluster, "dispute.won", new { paymentId = $"pay-{n}" });   // as a checkout does that had no answer
                await Eventually.Is(() => cluster.Diamonds($"cleo-{n}"), diamonds => diamonds.Available.Value == 25);
                var wallet = (await cluster.Grains.GetGrain<IWalletGrain>($"user-{n}").GetBalance(cluster.Viewer($"user-{n}"))).Value!;
                Assert.Equal((37, "good"), (wallet.Coins.Value, wallet.Standing));
            },
            async (cluster, n) =>
            {
                await Tell(cluster, "payment.succeeded", new { paymentId = $"pay-{n}", userId = $"user-{n}", packId = "web-87", amountMinor = 99, currency = "USD" });
                await Eventually.Is(() => cluster.Coins($"user-{n}"), coins => coins == 87);
                await cluster.Send($"user-{n}", await cluster.GoLive($"cleo-{n}"), "confetti");
                await Eventually.Is(() => cluster.Diamonds($"cleo-{n}"), diamonds => diamonds.Available.Value == 25);
                await Tell(cluster, "dispute.opened", new { paymentId = $"pay-{n}" });
                await Eventually.Is(() => cluster.Diamonds($"cleo-{n}"), diamonds => diamonds.Available.Value == 0);
                await Eventually.Is(() => IsSettled(cluster), settled => settled);
            }));

        Assert.Equal(4, steps);
    }

    /// <summary>Gives the number of steps that the flow has.</summary>
    private async Task<int> DieAtEveryStep(Engine engine, Flow flow)
    {
        var database = await databases.Create(engine);
        for (var n = 0; ; n++)
        {
            var life = new Life(1 + n / 2, afterIt: n % 2 == 1, flow.IsState, flow.IsEntry) { HasBegun = flow.Before is not null && n == 0 };
            if (flow.Before is not null)
            {
                var ledger = database.Connect();
                await using (ledger as IAsyncDisposable) await flow.Before(ledger, n);
                life.HasBegun = true;
            }
            await using var cluster = await TestCluster.Start(database, Hurry, wrap: life.Wrap, add: life.Bind);
            if (n > 0 && flow.Before is null) await flow.Ends(cluster, n - 1);
            if (flow.Prepare is not null) await flow.Prepare(cluster, n);
            life.HasBegun = true;
            var done = Survive(() => flow.Do(cluster, n));
            await Eventually.Is(() => Task.FromResult(life.IsOver || done.IsCompleted), over => over);
            if (life.IsOver) continue;

            await done;
            for (var each = flow.Before is null ? n : 0; each <= n; each++) await flow.Ends(cluster, each);
            await cluster.IsClean();
            return n / 2;
        }
    }

    private static void Hurry(GrainsOptions options)
    {
        options.Channels.Web = Checkout.Options;
        options.Notifications.FirstRetry = TimeSpan.FromMilliseconds(100);
    }

    /// <summary>Whatever becomes of a caller whose silo dies.</summary>
    private static async Task Survive(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception fault) when (fault is UnavailableException or OutcomeUnknownException or TimeoutException or IOException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(fault.Message);
        }
    }

    private static Task<Outcome<Grant>> Grant(TestCluster cluster, int n) => cluster.Grains.GetGrain<ICampaignGrain>("welcome").Grant(new Caller("checkout", Roles.Purchasing), $"user-{n}");

    private static async Task<long> Given(TestCluster cluster) => (await cluster.Grains.GetGrain<ICampaignGrain>("welcome").Get(Olga)).Value!.Given.Value;

    private static async Task<long> Held(TestCluster cluster, int through)
    {
        var held = await Task.WhenAll(Enumerable.Range(0, through + 1).Select(n => cluster.Coins($"user-{n}")));
        return held.Sum();
    }

    private static async Task Apply(TestCluster cluster, ActOrder order) =>
        Assert.Equal(ActView.Applied, (await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order)).Value?.Status);

    private static async Task Tell(TestCluster cluster, string type, object data)
    {
        var body = Checkout.Event(type, data);
        Assert.True((await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).Receive(Checkout.Deliver(body))).IsOk);
    }

    /// <summary>Whether nothing of what was told is left to do.</summary>
    private static async Task<bool> IsSettled(TestCluster cluster) =>
        (await cluster.Grains.GetGrain<IInboxGrain>(IInboxGrain.Key).GetPage(Olga, NotificationView.Waiting, null, 500)).Value!.Items.Length == 0;
}
