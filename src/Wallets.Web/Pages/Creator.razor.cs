using Wallets.Web.Parts;

namespace Wallets.Web.Pages;

/// <summary>A creator's diamonds on their way to money. Everything is read from the account's statement; nothing is kept here.</summary>
public partial class Creator
{
    private const int Days = 14;
    private const int MostGifts = 8;
    private const int MostLines = 2_000;
    private const int PageSize = 500;

    private readonly List<StatementLine> _lines = [];
    private EarningsBalance? _earnings;
    private RateCard[] _rates = [];
    private RateCard? _rate;
    private List<StatementLine> _gifts = [];
    private List<(string Name, long Diamonds)> _supporters = [];
    private Bars.Bar[] _days = [];
    private Payout[] _payouts = [];
    private string[] _missing = [];
    private StatementLine? _opened;
    private MoneyReceipt? _receipt;
    private bool _truncated;
    private long _asked;
    private Guid _key = Guid.CreateVersion7();
    private bool _asking;
    private string? _said;
    private string _tone = "";
    private string _title = "";
    private Guid? _stream;

    protected override TimeSpan Rhythm => TimeSpan.FromSeconds(2);

    private IEarningsGrain Earnings => Grains.GetGrain<IEarningsGrain>(Caller.Subject);

    private string PendingNote => _gifts.LastOrDefault(line => line.RecordedAt + HoldOf(line) > Time.GetUtcNow()) is { } next
        ? $"next on {Text.Minute(next.RecordedAt + HoldOf(next))}"
        : Options.Hold == TimeSpan.Zero ? "no hold" : $"held for {Options.Hold.TotalDays:0.#} days";

    protected override async Task Refresh()
    {
        if (_rates.Length == 0) _rates = await Grains.GetGrain<IRateCardGrain>(IRateCardGrain.Key).GetVersions();
        _rate = _rates.LastOrDefault(rate => rate.EffectiveFrom <= Time.GetUtcNow());
        _earnings = (await Earnings.GetBalance(Caller)).Value;
        await ReadLines();
        _payouts = [.. (await ReadPayouts()).Reverse().Take(5)];
        var profile = (await Grains.GetGrain<IPayoutProfileGrain>(Caller.Subject).Get(Caller)).Value;
        _missing = profile is null || Options.IsDevelopment ? [] :
        [
            .. profile.Identity == "verified" ? Array.Empty<string>() : ["Before money is paid, your identity must be verified."],
            .. profile.TaxForm == "verified" ? Array.Empty<string>() : ["Your tax form is still needed."],
            .. profile.HasAccount ? Array.Empty<string>() : ["No account to pay to is known yet."],
        ];
    }

    /// <summary>Only what is new since the last time; at first the latest lines.</summary>
    private async Task ReadLines()
    {
        var after = _lines.Count > 0 ? _lines[^1].Seq : await LatestSeq();
        var isNew = false;
        while ((await Earnings.GetStatement(Caller, after, PageSize)).Value is { Items: { Length: > 0 } items })
        {
            _lines.AddRange(items);
            after = items[^1].Seq;
            isNew = true;
            if (items.Length < PageSize) break;
        }
        if (_lines.Count > MostLines)
        {
            _lines.RemoveRange(0, _lines.Count - MostLines);
            _truncated = true;
        }
        if (isNew || _days.Length == 0) Sum();
    }

    private async Task<long> LatestSeq()
    {
        var now = Time.GetUtcNow();
        var frame = await Grains.GetGrain<IStatementsGrain>(IStatementsGrain.Key).Open(Caller, Holder.Earnings, Caller.Subject, new StatementMonth(now.Year, now.Month));
        var after = Math.Max(0, (frame.Value?.ThroughSeq ?? 0) - MostLines);
        _truncated = after > 0;
        return after;
    }

    private void Sum()
    {
        _gifts = [.. _lines.Where(line => line.Kind == "gift_received").Reverse()];
        _supporters = [.. _gifts.GroupBy(line => line.Counterparty ?? "").Select(all => (all.Key, all.Sum(line => line.Amount))).OrderByDescending(all => all.Item2).Take(8)];
        var today = DateOnly.FromDateTime(Time.GetUtcNow().UtcDateTime);
        var byDay = _gifts.GroupBy(line => DateOnly.FromDateTime(line.RecordedAt.UtcDateTime)).ToDictionary(all => all.Key, all => all.Sum(line => line.Amount));
        _days = [.. Enumerable.Range(0, Days).Select(i => today.AddDays(i - Days + 1)).Select(day => new Bars.Bar($"{day:d MMM}", $"{day:dd}", byDay.GetValueOrDefault(day)))];
    }

    private async Task<Payout[]> ReadPayouts()
    {
        var all = new List<Payout>();
        long after = 0;
        while ((await Earnings.GetPayouts(Caller, after, PageSize)).Value is { } page)
        {
            all.AddRange(page.Items);
            if (page.Next is null || !long.TryParse(page.Next, out after)) break;
        }
        return [.. all];
    }

    /// <summary>The latest gifts, and the one whose receipt is open: it stays to be read, however many come after it.</summary>
    private IEnumerable<StatementLine> Shown => _opened is { } opened && _gifts.Take(MostGifts).All(line => line.Seq != opened.Seq) ? [.. _gifts.Take(MostGifts), opened] : _gifts.Take(MostGifts);

    private TimeSpan HoldOf(StatementLine line) => Options.Hold + TimeSpan.FromDays(line.HoldDays ?? 0);

    private string? Worth(Diamonds diamonds) => _rate is null ? null : Text.Cents(checked(diamonds.Value * _rate.DiamondValue.AmountMinor), _rate.DiamondValue.Currency);

    private RateCard? RateOf(int version) => _rates.FirstOrDefault(rate => rate.Version == version);

    private Task Open(StatementLine line) => Try(async () =>
    {
        _receipt = null;
        _opened = _opened?.Seq == line.Seq ? null : line;
        if (_opened is not { } opened) return;
        var receipt = await Grains.GetGrain<IStatementsGrain>(IStatementsGrain.Key).GetCreatorReceipt(Caller, Caller.Subject, opened.Counterparty ?? "", opened.TransferId);
        if (_opened == opened) _receipt = receipt.Value;
    });

    /// <summary>The key stays until the outcome is known: asking again after a lost answer asks for the same payout.</summary>
    private async Task AskPayout()
    {
        _asking = true;
        var isKnown = await Try(async () =>
        {
            var asked = await Client.RequestPayout(Caller, Caller.Subject, _key, new Diamonds(_asked));
            (_said, _tone) = asked.IsOk ? ($"{Text.Of(asked.Value.Amount)} is on its way.", "good") : (asked.Refusal!.Detail, "warn");
            _key = Guid.CreateVersion7();
            if (asked.IsOk) _asked = 0;
            await Refresh();
        });
        if (!isKnown) (_said, _tone) = ("It is not known whether the payout was taken up. Ask again: it is the same one.", "warn");
        _asking = false;
    }

    private Task GoLive() => Try(async () =>
    {
        var id = Guid.CreateVersion7();
        var started = await Grains.GetGrain<IStreamGrain>(id).Start(Caller, Caller.Subject, _title.Trim());
        if (started.IsOk) _stream = id;
        else (_said, _tone) = (started.Refusal!.Detail, "warn");
    });

    private Task EndStream() => Try(async () =>
    {
        var ended = await Grains.GetGrain<IStreamGrain>(_stream!.Value).End(Caller);
        if (ended.IsOk) _stream = null;
    });

    private static IEnumerable<(string Step, string State)> Steps(Payout payout)
    {
        var at = payout.Status switch { Payout.Paid or Payout.Failed => 3, Payout.Submitted or Payout.Unknown => 2, _ => 1 };
        yield return ("Asked", "done");
        yield return (payout.Status == Payout.AwaitingApproval ? "Awaits approval" : "Accepted", at > 1 ? "done" : "now");
        yield return ("With the bank", at > 2 ? "done" : at == 2 ? "now" : "");
        yield return payout.Status == Payout.Failed ? ("Returned to you", "failed") : ("Paid", at == 3 ? "done" : "");
    }
}
