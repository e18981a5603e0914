using Microsoft.AspNetCore.Components;

namespace Wallets.Web.Pages;

/// <summary>
/// The live room. Gifts are sent one by one, each with a key of its own that is kept until its outcome is known, so that a click is
/// charged once whatever happens in between.
/// </summary>
public partial class Live
{
    private const int MostInFeed = 30;
    private const long Big = 1_000;
    private static readonly int[] Quantities = [1, 5, 10, 99];
    private static readonly TimeSpan Celebrating = TimeSpan.FromSeconds(4);

    private readonly List<FeedItem> _feed = [];
    private readonly Dictionary<Guid, GiftOrder> _unknown = [];
    private IDisposable? _watch;
    private StreamView? _stream;
    private StreamFrame? _last;
    private WalletBalance? _wallet;
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
        foreach (var order in _unknown.Values.ToArray()) await Send(order);
        await ReadWallet();
    }

    private async Task ReadCatalog()
    {
        var catalog = Grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        _packs = [.. (await catalog.GetPacks()).Where(pack => pack.Channels.Contains("web")).OrderBy(pack => pack.Price.AmountMinor)];
        _reference = _packs.FirstOrDefault();
        _gifts = [.. (await catalog.GetGifts()).OrderBy(gift => gift.Price)];
    }

    private async Task ReadWallet() => _wallet = (await Grains.GetGrain<IWalletGrain>(Caller.Subject).GetBalance(Caller)).Value ?? _wallet;

    /// <summary>Frames come for all pages of this process; this page takes what it does not have yet.</summary>
    private async Task Hear(StreamFrame frame)
    {
        if (_stream is null) return;
        if (_last is { } last && last.Epoch == frame.Epoch)
        {
            if (frame.Number <= last.Number) return;
            if (frame.IsSnapshot || frame.After != last.Number) frame = (await Grains.GetGrain<IStreamGrain>(Stream).ReadFrame(last.Epoch, last.Number, frame.Number)).Value ?? frame;
        }
        var isFirst = _last is null;
        _last = frame;
        _stream = _stream with { Status = frame.Status, Totals = frame.Totals, Top = frame.Top };
        if (frame.IsSnapshot) _feed.Clear();
        foreach (var gift in frame.Gifts)
        {
            _feed.Insert(0, new FeedItem(gift));
            if (!isFirst && !frame.IsSnapshot && gift.Coins.Value >= Big) (_celebrated, _celebratedUntil) = (gift, Time.GetUtcNow() + Celebrating);
        }
        if (_feed.Count > MostInFeed) _feed.RemoveRange(MostInFeed, _feed.Count - MostInFeed);
        StateHasChanged();
    }

    private async Task Send(Gift gift)
    {
        var order = new GiftOrder(Guid.CreateVersion7(), Stream, gift.Id, _quantity);
        if (!await Try(() => Send(order))) Say("It is not known yet whether your gift was sent. It is asked again by itself, and charged once at most.", "warn");
        StateHasChanged();
    }

    private async Task Send(GiftOrder order)
    {
        try
        {
            var sent = await Client.SendGift(Caller, Caller.Subject, order);
            _unknown.Remove(order.Key);
            if (sent.IsOk) Say($"Sent {NameOf(order.GiftId)}{(order.Quantity > 1 ? $" ×{order.Quantity}" : "")} for {Text.Of(sent.Value.Coins)} coins.", "good");
            else Explain(sent.Refusal!, order);
        }
        catch (OutcomeUnknownException)
        {
            _unknown[order.Key] = order;
            throw;
        }
        await ReadWallet();
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

    private void Explain(Refusal refusal, GiftOrder order)
    {
        var price = (_gifts.FirstOrDefault(gift => gift.Id == order.GiftId)?.Price ?? Coins.Zero) * order.Quantity;
        var missing = price.Value - (_wallet?.Coins.Value ?? 0);
        if (refusal.Code == Refusal.InsufficientFunds && missing > 0)
        {
            Say($"{NameOf(order.GiftId)} costs {Text.Of(price)} coins; you need {Text.Of(missing)} more. Nothing was charged.", "warn");
            _buying = true;
            return;
        }
        Say($"{refusal.Detail} Nothing was charged.", "warn");
    }

    private void Say(string what, string tone) => (_said, _tone) = (what, tone);

    private string NameOf(string giftId) => _gifts.FirstOrDefault(gift => gift.Id == giftId)?.Name ?? giftId;

    public override ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        return base.DisposeAsync();
    }

    /// <summary>Each has an identity of its own, also if two gifts are alike.</summary>
    private sealed class FeedItem(FeedGift gift)
    {
        public FeedGift Gift { get; } = gift;
    }
}
