using Microsoft.AspNetCore.Components;
using Wallets.Web.Live;

namespace Wallets.Web.Pages;

/// <summary>
/// The live room. Taps on a gift are a streak, whose running total is told until the wallet has said what became of it, so that a tap
/// is charged once whatever happens in between, and what the page counts is what the wallet charged.
/// </summary>
public partial class Live
{
    private const int MostInFeed = 30;
    private const long Big = 1_000;
    private static readonly int[] Quantities = [1, 5, 10, 99];
    private static readonly TimeSpan Celebrating = TimeSpan.FromSeconds(4);

    private readonly List<FeedItem> _feed = [];
    private readonly List<TapStreak> _streaks = [];
    private IDisposable? _watch;
    private StreamView? _stream;
    private StreamFrame? _last;
    private WalletBalance? _wallet;
    private LevelView? _level;
    private Gift[] _gifts = [];
    private CoinPack[] _packs = [];
    private CoinPack? _reference;
    private FeedGift? _celebrated;
    private DateTimeOffset _celebratedUntil;
    private string? _missing;
    private string? _said;
    private string _tone = "";
    private int _quantity = 1;
    private bool _buying;
    private bool _paying;

    [Parameter] public Guid Stream { get; set; }

    protected override TimeSpan Rhythm => TimeSpan.FromSeconds(1);

    private IWalletGrain Wallet => Grains.GetGrain<IWalletGrain>(Caller.Subject);

    private bool IsLive => _stream?.Status == StreamView.Live;

    protected override async Task Refresh()
    {
        if (_gifts.Length == 0) await ReadCatalog();
        if (_missing is not null) return;
        var view = await Grains.GetGrain<IStreamGrain>(Stream).GetView();
        if (!view.IsOk)
        {
            _missing = view.Refusal!.Detail;
            return;
        }
        _stream = view.Value;
        if (_watch is null)
        {
            _watch = Watch.Watch(Stream, frame => _ = InvokeAsync(() => Hear(frame)));
            if ((await Grains.GetGrain<IStreamGrain>(Stream).NextFrame(null, 0)).Value is { } snapshot) await Hear(snapshot);
        }
        if (Time.GetUtcNow() > _celebratedUntil) _celebrated = null;
        if (!Caller.Is(Roles.Viewer)) return;
        _streaks.RemoveAll(streak => streak.IsOver(Time.GetUtcNow()));
        foreach (var streak in _streaks.Where(streak => !streak.IsSettled).ToArray()) await Tell(streak);
        await ReadWallet();
    }

    private async Task ReadCatalog()
    {
        var catalog = Grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        _packs = [.. (await catalog.GetPacks()).Where(pack => pack.Channels.Contains("web")).OrderBy(pack => pack.Price.AmountMinor)];
        _reference = _packs.FirstOrDefault();
        _gifts = [.. (await catalog.GetGifts()).OrderBy(gift => gift.Price)];
    }

    private async Task ReadWallet()
    {
        var (balance, level) = (Wallet.GetBalance(Caller), Wallet.GetLevel(Caller));
        await Task.WhenAll(balance, level);
        _wallet = (await balance).Value ?? _wallet;
        _level = (await level).Value ?? _level;
    }

    /// <summary>Frames come for all pages of this process; this page takes what it does not have yet.</summary>
    private async Task Hear(StreamFrame told)
    {
        while (true)
        {
            var (last, frame) = (_last, told);
            if (last?.Epoch == told.Epoch)
            {
                if (told.Number <= last.Number) return;
                if (told.IsSnapshot || told.After != last.Number) frame = (await Grains.GetGrain<IStreamGrain>(Stream).ReadFrame(last.Epoch, last.Number, told.Number)).Value ?? told;
            }
            if (!ReferenceEquals(_last, last)) continue;   // another frame was faster, and has told a part of this one
            Take(frame);
            return;
        }
    }

    private void Take(StreamFrame frame)
    {
        if (_stream is null) return;
        var isFirst = _last is null;
        _last = frame;
        _stream = _stream with { Status = frame.Status, Totals = frame.Totals, Top = frame.Top };
        if (frame.IsSnapshot) _feed.Clear();
        foreach (var gift in frame.Gifts)
        {
            Show(gift);
            if (!isFirst && !frame.IsSnapshot && gift.Coins.Value >= Big) (_celebrated, _celebratedUntil) = (gift, Time.GetUtcNow() + Celebrating);
        }
        if (_feed.Count > MostInFeed) _feed.RemoveRange(MostInFeed, _feed.Count - MostInFeed);
        StateHasChanged();
    }

    /// <summary>The lines of one streak are one line that grows; the newest is on top.</summary>
    private void Show(FeedGift gift)
    {
        var item = gift.StreakId is { } streak ? _feed.Find(known => known.Gift.StreakId == streak && known.Gift.UserId == gift.UserId) : null;
        if (item is null) item = new FeedItem(gift);
        else item.Grow(gift);
        _feed.Remove(item);
        _feed.Insert(0, item);
    }

    private async Task Tap(Gift gift)
    {
        var now = Time.GetUtcNow();
        var streak = _streaks.FindLast(open => open.GiftId == gift.Id && open.Price == gift.Price && open.Takes(_quantity, now));
        if (streak is null) _streaks.Add(streak = new TapStreak(Stream, gift.Id, gift.Price));
        streak.Tap(_quantity, now);
        if (!streak.IsBeingTold && !await Try(() => Tell(streak)))
            Say("It is not known yet whether your gift was sent. It is asked again by itself, and charged once at most.", "warn");
    }

    /// <summary>Until the wallet has said what became of every tap, those included that come meanwhile.</summary>
    private async Task Tell(TapStreak streak)
    {
        if (streak.IsBeingTold) return;
        streak.IsBeingTold = true;
        try
        {
            while (streak.Next() is { } order)
            {
                var answer = await Client.SendStreak(Caller, Caller.Subject, order);
                if (answer.IsOk)
                {
                    streak.Take(answer.Value, Time.GetUtcNow());
                    Say($"Sent {Pieces(order.GiftId, streak.Charged)} for {Text.Of(answer.Value.Coins)} coins.", "good");
                    await ReadWallet();
                }
                else
                {
                    streak.Refuse((await Wallet.GetStreak(Caller, order.StreakId)).Value);
                    await ReadWallet();
                    await ReadCatalog();   // the price may have changed, or the gift may be gone
                    Explain(answer.Refusal, order, streak.Charged);
                }
                StateHasChanged();
            }
        }
        finally
        {
            streak.IsBeingTold = false;
        }
    }

    private async Task Buy(CoinPack pack)
    {
        _paying = true;
        var order = new PurchaseOrder(Guid.CreateVersion7(), pack.Id, "dev", $"dev:{Guid.CreateVersion7()}");
        var isKnown = await Try(async () =>
        {
            var bought = await Client.Purchase(Caller, Caller.Subject, order);
            if (bought.IsOk) Say($"{Text.Of(bought.Value.Coins)} coins for {Text.Of(bought.Value.Price)}.", "good");
            else Say(bought.Refusal!.Detail, "warn");
            _buying = !bought.IsOk;
            await ReadWallet();
        });
        if (!isKnown) Say("The checkout did not answer. Look at your coins before you buy again.", "warn");
        _paying = false;
    }

    private void Explain(Refusal refusal, StreakOrder order, int charged)
    {
        var pieces = order.Total - charged;
        var outcome = charged == 0 ? "Nothing was charged." : $"{Pieces(order.GiftId, charged)} was charged, and nothing more.";
        var price = (order.Price ?? Coins.Zero) * pieces;
        var missing = price.Value - (_wallet?.Coins.Value ?? 0);
        if (refusal.Code != Refusal.InsufficientFunds || missing <= 0)
        {
            Say($"{refusal.Detail} {outcome}", "warn");
            return;
        }
        Say($"{Pieces(order.GiftId, pieces)} costs {Text.Of(price)} coins; you need {Text.Of(missing)} more. {outcome}", "warn");
        _buying = true;
    }

    /// <summary>The share of a limit at which its figure is worth a look.</summary>
    private static string ToneOf(Coins spent, long limit) => spent.Value >= limit * 0.8 ? "warn" : "";

    private void Say(string what, string tone) => (_said, _tone) = (what, tone);

    private string Pieces(string giftId, int count) => count == 1 ? NameOf(giftId) : $"{NameOf(giftId)} ×{count}";

    private string NameOf(string giftId) => _gifts.FirstOrDefault(gift => gift.Id == giftId)?.Name ?? giftId;

    public override ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        return base.DisposeAsync();
    }

    /// <summary>Each has an identity of its own, also if two gifts are alike.</summary>
    private sealed class FeedItem(FeedGift gift)
    {
        public FeedGift Gift { get; private set; } = gift;

        public long Pieces => Gift.StreakTotal ?? Gift.Quantity;

        public void Grow(FeedGift more) => Gift = Gift with
        {
            Quantity = Gift.Quantity + more.Quantity,
            Coins = Gift.Coins + more.Coins,
            Gifts = Gift.Gifts + more.Gifts,
            StreakTotal = Math.Max(Gift.StreakTotal ?? 0, more.StreakTotal ?? 0),
        };
    }
}
