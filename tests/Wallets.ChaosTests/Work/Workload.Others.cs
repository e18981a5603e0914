using System.Collections.Concurrent;

namespace Wallets.ChaosTests.Work;

/// <summary>What operators do, and what a checkout on the web tells.</summary>
internal sealed partial class Workload
{
    /// <summary>A campaign's coins for each, and for how many it has them; more ask.</summary>
    public const long CoinsEach = 25;
    public const int Winners = 8;

    private const int Askers = 12;
    private const int Payers = 10;   // who only pay by the checkout, so that what they send is of the payments that are disputed
    private const int Savers = 10;   // who send nothing, so that their coins expire
    private const long NeedsTwo = 10_001;

    private readonly ConcurrentDictionary<int, Lazy<Task<bool>>> _campaigns = new();
    private int _grants;
    private int _payments;

    /// <summary>Campaigns that were opened.</summary>
    public IEnumerable<string> Campaigns => _campaigns.Where(campaign => campaign.Value.Value is { IsCompletedSuccessfully: true, Result: true }).Select(campaign => CampaignOf(campaign.Key));

    public Task<long> TakenOf(string campaign) => UntilAnswered(door => door.TakenOf(campaign));

    private async Task Operate(Random random, Guid key, int at)
    {
        var viewer = Wallets[random.Next(1, Viewers)];   // the first one is never frozen: it shows that gifts are taken again
        switch (random.Next(8))
        {
            case < 2:   // large ones wait for a second operator, some overdraw
                var coins = random.Next(3) switch { 0 => NeedsTwo, 1 => -random.Next(1, 5_000), _ => -4_000_000 };
                await Twice(door => Adjust(viewer, key, coins, door), at);
                break;
            case 2:
                var (creator, diamonds) = (CreatorNames[random.Next(Creators)], random.Next(2) == 0 ? 300 : -200);
                await Twice(door => Adjust(creator, key, diamonds, door), at);
                break;
            case 3:
                await Freeze(viewer, key, "frozen", at);
                await Give(viewer, Guid.CreateVersion7(), 0, Gifts[0], 1, at);
                await Freeze(viewer, Guid.CreateVersion7(), "good", at + 1);
                break;
            default:
                var campaign = Interlocked.Increment(ref _grants) / Askers;
                var winner = random.Next(2) == 0 ? viewer : Wallets[Viewers + Payers + random.Next(Savers)];
                if (await _campaigns.GetOrAdd(campaign, n => new(() => Open(n))).Value) await Twice(door => Grant(CampaignOf(campaign), winner, door), at);
                break;
        }
    }

    /// <summary>The same at two doors at once.</summary>
    private static Task Twice(Func<int, Task<End>> ask, int at) => Task.WhenAll(ask(at), ask(at + 1));

    /// <summary>
    /// A payment and what becomes of it: told twice, in any order, the dispute before the payment too; its user brings the proof as well and
    /// spends the coins.
    /// </summary>
    private async Task PayByCheckout(Random random, int at)
    {
        var payer = Wallets[Viewers + random.Next(Payers)];
        var payment = $"pay-{Interlocked.Increment(ref _payments)}";
        var paid = Checkout.Paid(payment, payer);
        Task Pay(int door) => Until(new Wish(Work.Act.Checkout, payer, Identity.Of("web", payment), Checkout.Coins, payment, null), door, to => to.Tell(paid));
        Task Bring(int door)
        {
            var key = Guid.CreateVersion7();
            return Until(new Wish(Work.Act.Purchase, payer, key, Checkout.Coins, payment, null), door, to => to.Purchase(payer, key, "web", Checkout.Pack, Checkout.Proof(paid)));
        }
        Task Tell(string type, int door)
        {
            var told = Checkout.Told(type, payment);
            return Until(new Wish(Work.Act.Tale, payer, Guid.CreateVersion7(), 0, payment, type), door, to => to.Tell(told));
        }
        Task Spend() => Give(payer, Guid.CreateVersion7(), random.Next(Creators), Gifts[3], 4, at);   // nearly all of it

        switch (random.Next(4))
        {
            case 0:
                await Task.WhenAll(Pay(at), Pay(at + 1), Bring(at + 2));
                await Spend();
                break;
            case 1:
                await Tell("payment.refunded", at);
                await Task.WhenAll(Pay(at), Pay(at + 1), Bring(at));
                break;
            case 2:
                await Bring(at);
                await Spend();
                await Task.WhenAll(Tell("dispute.opened", at), Pay(at + 1));
                await Task.WhenAll(Tell("dispute.won", at + 1), Tell("dispute.won", at));
                await Pay(at);
                break;
            default:
                await Bring(at);
                await Spend();
                await Task.WhenAll(Tell("dispute.won", at), Tell("dispute.opened", at + 1), Pay(at + 2), Pay(at));
                break;
        }
    }

    private async Task<bool> Open(int n)
    {
        var (key, id) = (Guid.CreateVersion7(), CampaignOf(n));
        var order = new Order("open_campaign", id, Campaign: new(id, CoinsEach, CoinsEach * Winners, TimeProvider.System.GetUtcNow().AddDays(1), BonusDays: 1));
        for (var attempt = 0; attempt < 20; attempt++)
        {
            if ((await _doors[attempt % _doors.Count].Ask(key, order)).End == End.Ok) return true;
            await Task.Delay(500);
        }
        return false;
    }

    private static string CampaignOf(int n) => $"campaign-{n}";

    private Task<End> Adjust(string subject, Guid key, long amount, int at)
    {
        var kind = CreatorNames.Contains(subject) ? "adjust_diamonds" : "adjust_coins";
        return Until(new Wish(Work.Act.Adjust, subject, key, amount, $"{amount}", null), at, door => door.Ask(key, new Order(kind, subject, Amount: amount)));
    }

    private Task<End> Freeze(string viewer, Guid key, string standing, int at) =>
        Until(new Wish(Work.Act.Freeze, viewer, key, 0, standing, null), at, door => door.Ask(key, new Order("set_standing", viewer, Standing: standing)));

    private Task<End> Grant(string campaign, string viewer, int at) =>
        Until(new Wish(Work.Act.Grant, viewer, Identity.Of("grant", campaign, viewer), CoinsEach, campaign, null), at, door => door.Grant(campaign, viewer));
}
