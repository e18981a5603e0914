using Npgsql;
using Orleans.Storage;
using Wallets.Ledger;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Ledger;
using Xunit;

namespace Wallets.Tests.Grains;

/// <summary>Promotions: many users at once, and one budget. That a silo may die at any step of a grant is shown by <see cref="FlowCrashTests"/>.</summary>
public sealed class CampaignTests(Databases databases)
{
    private const int Each = 50;

    private static readonly Caller Olga = new("olga", Roles.Operator);
    private static readonly Caller Checkout = new("checkout", Roles.Purchasing);

    [Fact]
    public async Task A_campaign_gives_each_user_once_and_never_more_than_its_budget()
    {
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 2);
        var campaign = await Open(cluster, budget: 220);

        var grants = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => campaign.Grant(Checkout, $"viewer-{n % 6}")));
        var view = (await campaign.Get(Olga)).Value!;
        var byViewer = await campaign.Grant(cluster.Viewer("viewer-1"), "viewer-1");
        var unknown = await cluster.Grains.GetGrain<ICampaignGrain>("winter").Grant(Checkout, "viewer-1");

        Assert.Equal(4, grants.Where(grant => grant.IsOk).Select(grant => grant.Value!.UserId).Distinct().Count());
        Assert.All(grants.Where(grant => !grant.IsOk), grant => Assert.Equal(Refusal.CampaignExhausted, grant.Refusal!.Code));
        Assert.Equal(200, view.Given.Value);
        long given = 0;
        for (var n = 0; n < 6; n++) given += await cluster.Coins($"viewer-{n}");
        Assert.Equal(200, given);
        Assert.Equal([Refusal.Forbidden, Refusal.UnknownCampaign], new[] { byViewer, unknown }.Select(grant => grant.Refusal?.Code));
        await cluster.IsClean();
    }

    [Fact]
    public async Task A_wallet_that_does_not_answer_holds_up_no_other_grant_and_is_given_its_own_once()
    {
        SilentFor? ledger = null;
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), wrap: inner => ledger ??= new SilentFor("ann", inner));
        var campaign = await Open(cluster, budget: 3 * Each);

        var anns = Enumerable.Range(0, 5).Select(_ => campaign.Grant(Checkout, "ann")).ToList();
        await ledger!.Asked;
        var others = await Task.WhenAll(campaign.Grant(Checkout, "ben"), campaign.Grant(Checkout, "cid"));
        var isAnnWaiting = anns.TrueForAll(grant => !grant.IsCompleted);
        ledger.Answer();
        var grants = await Task.WhenAll(anns);

        Assert.True(isAnnWaiting);
        Assert.All(others, grant => Assert.Equal((true, false), (grant.IsOk, grant.Replayed)));
        Assert.All(grants, grant => Assert.Equal(Each, grant.Value!.Coins.Value));
        Assert.Single(grants, grant => !grant.Replayed);
        Assert.Equal(3 * Each, (await campaign.Get(Olga)).Value!.Given.Value);
        Assert.Equal(Each, await cluster.Coins("ann"));
        await cluster.IsClean();
    }

    /// <summary>Some writes fail before they reach the database, some after: whoever shares one with others, takes and gives exactly once.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task With_writes_that_fail_the_budget_is_taken_by_whom_it_is_given_to(int seed)
    {
        const int users = 24, room = 16;
        var faults = new Faults(new Random(seed));
        await using var cluster = await TestCluster.Start(await databases.Create(Engine.Postgres), silos: 1, add: services => WrappedStorage.Put(services, inner => new Faulty(inner, faults)));
        var campaign = await Open(cluster, budget: room * Each + Each - 1);
        faults.HaveBegun = true;

        var grants = await Task.WhenAll(Enumerable.Range(0, 2 * users).Select(n => Insist(campaign, $"user-{n % users}")));
        faults.HaveBegun = false;

        var granted = grants.Where(grant => grant.IsOk).Select(grant => grant.Value!.UserId).ToHashSet();
        Assert.True(faults.Count > 0);
        Assert.Equal(room, granted.Count);
        Assert.All(grants.Where(grant => !grant.IsOk), grant => Assert.Equal(Refusal.CampaignExhausted, grant.Refusal!.Code));
        for (var n = 0; n < users; n++) Assert.Equal(granted.Contains($"user-{n}") ? Each : 0, await cluster.Coins($"user-{n}"));
        Assert.Equal(room * Each, (await campaign.Get(Olga)).Value!.Given.Value);
        await cluster.IsClean();
    }

    private static async Task<ICampaignGrain> Open(TestCluster cluster, long budget)
    {
        var order = new ActOrder(ActKinds.OpenCampaign, "welcome", "New viewers.", Campaign: new Campaign("welcome", new(Each), new(budget), TimeProvider.System.GetUtcNow().AddDays(1), BonusDays: 7));
        Assert.Equal(ActView.Applied, (await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, order)).Value?.Status);
        return cluster.Grains.GetGrain<ICampaignGrain>("welcome");
    }

    /// <summary>As a checkout does: asks again until it knows.</summary>
    private static async Task<Outcome<Grant>> Insist(ICampaignGrain campaign, string userId)
    {
        while (true)
        {
            try
            {
                return await campaign.Grant(Checkout, userId);
            }
            catch (Exception fault) when (fault is UnavailableException or TimeoutException)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(fault.Message);
            }
        }
    }

    /// <summary>Lets one wallet wait for its beginning until it is told not to.</summary>
    private sealed class SilentFor(string user, ILedger inner) : WrappedLedger(inner)
    {
        private readonly TaskCompletionSource _asked = new();
        private readonly TaskCompletionSource _answer = new();

        public Task Asked => _asked.Task;

        public void Answer() => _answer.TrySetResult();

        public override async Task<AccountTail?> FindTail(AccountKind kind, string name, long afterSeq)
        {
            if (name == user)
            {
                _asked.TrySetResult();
                await _answer.Task;
            }
            return await base.FindTail(kind, name, afterSeq);
        }
    }

    private sealed class Faults(Random random)
    {
        public bool HaveBegun { get; set; }

        public int Count { get; set; }

        /// <summary>1: fails before the write; 2: after it. The first write of a campaign fails in any case.</summary>
        public int Throw(string stateName) => !HaveBegun || stateName != "campaign" ? 0 : Count == 0 ? random.Next(1, 3) : random.Next(4);
    }

    private sealed class Faulty(IGrainStorage inner, Faults faults) : WrappedStorage(inner)
    {
        public override async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var dice = faults.Throw(stateName);
            if (dice != 1) await base.WriteStateAsync(stateName, grainId, grainState);
            if (dice is not (1 or 2)) return;
            faults.Count++;
            throw new NpgsqlException("The connection is lost.");
        }
    }
}
