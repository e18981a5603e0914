using Microsoft.Extensions.Hosting;

namespace Wallets.Web.Demo;

/// <summary>
/// The demo of Development: two creators go live, and a handful of viewers buy coins and send gifts as real ones would, through the
/// same grains. Owns nothing; every start ends the streams of the last one, which may have been killed, and makes new ones.
/// </summary>
public sealed class Show(IGrainFactory grains, WalletsClient client, TimeProvider time) : BackgroundService
{
    private static readonly (string Creator, string Title)[] Stage = [("luna", "Luna plays the night in"), ("milo", "Milo paints what you say")];
    private static readonly string[] Audience = ["ada", "ben", "chloe", "dmitri", "elif", "femi", "grace", "hugo", "ines", "jun", "kofi", "lea"];

    private Guid[] _streams = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Open(stoppingToken);
            await Task.WhenAll(Audience.Select(viewer => Watch(viewer, stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            return;   // the process stops
        }
    }

    private async Task Open(CancellationToken stop)
    {
        while (_streams.Length < Stage.Length)
        {
            try
            {
                await EndTheLastOnes();
                var streams = new List<Guid>();
                foreach (var (creator, title) in Stage)
                {
                    var id = Guid.CreateVersion7();
                    await grains.GetGrain<IStreamGrain>(id).Start(new Caller(creator, Roles.Creator), creator, title);
                    streams.Add(id);
                }
                _streams = [.. streams];
            }
            catch (Exception fault) when (fault is TimeoutException or OrleansException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, stop);   // the silo is still starting
            }
        }
    }

    private async Task EndTheLastOnes()
    {
        var live = (await grains.GetGrain<IStreamListGrain>(IStreamListGrain.Key).GetPage(0, IStreamListGrain.MostOnAPage)).Value?.Items ?? [];
        await Task.WhenAll(live.Where(stream => Stage.Any(act => act.Creator == stream.CreatorId))
            .Select(stream => grains.GetGrain<IStreamGrain>(stream.StreamId).End(new Caller(stream.CreatorId, Roles.Creator))));
    }

    private async Task Watch(string viewer, CancellationToken stop)
    {
        var caller = new Caller(viewer, Roles.Viewer);
        var catalog = grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        var gifts = (await catalog.GetGifts()).Where(gift => gift.Price.Value <= 1_500).ToArray();
        var pack = (await catalog.GetPacks()).First(pack => pack.Id == "web-1760");
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(800, 6_000)), time, stop);
            // The dearer a gift, the rarer.
            var gift = gifts[(int)(Math.Pow(Random.Shared.NextDouble(), 2.5) * gifts.Length)];
            var order = new GiftOrder(Guid.CreateVersion7(), _streams[Random.Shared.Next(3) / 2], gift.Id, gift.Price.Value < 30 ? Random.Shared.Next(1, 10) : 1);
            try
            {
                var sent = await client.SendGift(caller, viewer, order);
                if (sent.Refusal?.Code == Refusal.InsufficientFunds)
                    await client.Purchase(caller, viewer, new PurchaseOrder(Guid.CreateVersion7(), pack.Id, "dev", $"dev:show-{Guid.CreateVersion7()}"));
            }
            catch (Exception fault) when (fault is TimeoutException or OrleansException or OutcomeUnknownException)
            {
                // Safe to lose because the next gift is another one.
            }
        }
    }
}
