using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Recognition;

/// <summary>Matches through real silos: invited or opened, paused, over by the ledger's clock, final.</summary>
public sealed class MatchTests(Databases databases)
{
    private static readonly Caller Olga = new("olga", Roles.Operator);

    private Task<TestCluster> Start(TestDatabase database, double seconds) => TestCluster.Start(database, options =>
    {
        options.Matches.Length = TimeSpan.FromSeconds(seconds);
        options.Matches.Countdown = TimeSpan.Zero;
        options.Matches.LongestPause = TimeSpan.FromSeconds(4);
    });

    [Theory, InlineData(Engine.Postgres), InlineData(Engine.Sqlite)]
    public async Task A_match_ends_by_itself_with_a_result_that_its_lines_make_up_and_nothing_changes(Engine engine)
    {
        var database = await databases.Create(engine);
        Guid id;
        await using (var cluster = await Start(database, seconds: 10))
        {
            var (cleo, dora) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
            var mistake = (await cluster.Buy("ann")).Value!;
            await cluster.Buy("bob", "coins-1321");
            await cluster.Buy("bob", "coins-1321");
            await cluster.Buy("eve");
            await cluster.Send("bob", cleo, "rose", 500);   // too early
            var match = cluster.Grains.GetGrain<IMatchGrain>(id = Some.Key());

            await match.Invite(cluster.Creator("cleo"), new("cleo", cleo, "dora"));
            var byOther = await match.Accept(cluster.Creator("cleo"), cleo);
            var begun = await match.Accept(cluster.Creator("dora"), dora);
            var second = await cluster.Grains.GetGrain<IMatchGrain>(Some.Key()).Open(Olga, cleo, dora);
            await cluster.Send("bob", cleo, "rose", 1_500);
            await cluster.Send("ann", dora, "rose", 300);
            await cluster.Send("eve", dora, "rose", 200);
            await cluster.Grains.GetGrain<IActGrain>(Some.Key()).Ask(Olga, new ActOrder(ActKinds.Refund, "ann", "A mistake.", Purchase: mistake.PurchaseId, BasisPoints: 10_000));
            await cluster.Deactivate(match);
            var live = await Eventually.Is(async () => (await match.GetView()).Value!, view => view.Sides is [{ Points: 12_500 }, { Points: 2_000 }]);

            Assert.Equal([Refusal.Forbidden, Refusal.MatchUnderWay], new[] { byOther, second }.Select(outcome => outcome.Refusal?.Code));
            Assert.Equal((MatchView.Live, MatchView.Live), (begun.Value!.Status, live.Status));
            var ended = await Eventually.Is(async () => (await match.GetView()).Value!, view => view.Status == MatchView.Ended);
            Assert.Equal(("cleo", begun.Value.EndsAt), (ended.Winner, ended.EndsAt));
            await cluster.Send("eve", dora, "rose", 100);   // too late
            await cluster.IsClean();
        }

        await using (var cluster = await Start(database, seconds: 10))
        {
            var match = cluster.Grains.GetGrain<IMatchGrain>(id);
            var (view, audit) = ((await match.GetView()).Value!, (await match.GetLines(0, 50)).Value!);

            Assert.Equal([("cleo", 12_500, 1_500, 1), ("dora", 2_000, 200, 1)], view.Sides.Select(side => (side.CreatorId, side.Points, side.Coins.Value, side.Supporters)));
            Assert.True(audit.Agrees);
            Assert.Equal([("cleo", "bob", 1_500, 12_500), ("dora", "eve", 200, 2_000)], audit.Items.Select(line => (line.CreatorId, line.UserId!, line.Coins.Value, line.Points)));
            Assert.Equal(Refusal.MatchOver, (await match.Pause(Olga)).Refusal?.Code);
        }
    }

    [Fact]
    public async Task A_stream_that_drops_stops_the_clock_until_it_goes_on_and_an_operator_can_too()
    {
        await using var cluster = await Start(await databases.Create(Engine.Sqlite), seconds: 60);
        var (cleo, dora) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
        await cluster.Buy("ann");
        var match = cluster.Grains.GetGrain<IMatchGrain>(Some.Key());
        var endsAt = (await match.Open(Olga, cleo, dora)).Value!.EndsAt;

        await cluster.Grains.GetGrain<IStreamGrain>(dora).End(cluster.Creator("dora"));
        var paused = await Eventually.Is(async () => (await match.GetView()).Value!, view => view.Status == MatchView.Paused);
        await cluster.Send("ann", cleo, "rose", 50);
        var again = await cluster.GoLive("dora");
        var resumed = (await match.Resume(cluster.Creator("dora"), again)).Value!;
        await cluster.Send("ann", again, "rose", 7);
        var score = await Eventually.Is(async () => (await match.GetView()).Value!, view => view.Sides[1].Points > 0);
        await match.Pause(Olga);
        var byCreator = await match.Resume(cluster.Creator("cleo"), null);
        var ended = await Eventually.Is(async () => (await match.GetView()).Value!, view => view.Status == MatchView.Ended);

        Assert.Null(paused.EndsAt);
        Assert.Equal(MatchView.Live, resumed.Status);
        Assert.True(resumed.EndsAt > endsAt);
        Assert.Equal([0, 70], score.Sides.Select(side => side.Points));
        Assert.Equal(Refusal.Forbidden, byCreator.Refusal?.Code);
        Assert.Equal(("dora", true), (ended.Winner, ended.EndsAt < resumed.EndsAt));   // paused for too long
    }

    [Fact]
    public async Task An_invitation_can_be_declined_and_is_for_whom_it_names()
    {
        await using var cluster = await Start(await databases.Create(Engine.Sqlite), seconds: 60);
        var (cleo, dora) = (await cluster.GoLive("cleo"), await cluster.GoLive("dora"));
        var match = cluster.Grains.GetGrain<IMatchGrain>(Some.Key());

        var ofAnother = await match.Invite(cluster.Creator("dora"), new("cleo", cleo, "dora"));
        var elsewhere = await match.Invite(cluster.Creator("cleo"), new("cleo", dora, "dora"));
        var self = await match.Invite(cluster.Creator("cleo"), new("cleo", cleo, "cleo"));
        var invited = await match.Invite(cluster.Creator("cleo"), new("cleo", cleo, "dora"));
        var again = await match.Invite(cluster.Creator("cleo"), new("cleo", cleo, "dora"));
        var otherwise = await match.Invite(cluster.Creator("cleo"), new("cleo", cleo, "eve"));
        await match.Decline(cluster.Creator("dora"));
        var late = await match.Accept(cluster.Creator("dora"), dora);

        Assert.Equal([Refusal.Forbidden, Refusal.StreamEnded, Refusal.InvalidMatch, null, null, Refusal.KeyReused, Refusal.MatchOver],
            new[] { ofAnother, elsewhere, self, invited, again, otherwise, late }.Select(outcome => outcome.Refusal?.Code));
        Assert.Equal((MatchView.Invited, true), (invited.Value!.Status, again.Replayed));
        Assert.Equal(Refusal.UnknownMatch, (await cluster.Grains.GetGrain<IMatchGrain>(Some.Key()).GetView()).Refusal?.Code);
    }
}
