using Wallets.Web.Operations;

namespace Wallets.Web.Pages;

/// <summary>
/// The health of the money: what the books say, what is under way, what waits for a decision, and anybody's statement. Who may decide what
/// is the grains' to say; a decision made twice changes nothing, so one whose answer is lost is simply made again.
/// </summary>
public partial class Operations
{
    private const int MostLines = 100;
    private const int MostPayouts = 20;

    private FiguresView _now = FiguresView.None;
    private AuditView? _audit;
    private OpenActs? _openActs;
    private ActView[] _acts = [];
    private PayoutCase[] _payouts = [];
    private PayoutCase[] _awaiting = [];
    private string? _decided;
    private Holder _holder = Holder.Wallet;
    private string _name = "";
    private DateOnly? _month;
    private StatementFrame? _frame;
    private StatementLine[] _lines = [];
    private string? _said;

    protected override TimeSpan Rhythm => TimeSpan.FromSeconds(1);

    private IAuditGrain Audit => Grains.GetGrain<IAuditGrain>(IAuditGrain.Key);

    private IStatementsGrain Statements => Grains.GetGrain<IStatementsGrain>(IStatementsGrain.Key);

    protected override async Task Refresh()
    {
        _month ??= DateOnly.FromDateTime(Time.GetUtcNow().UtcDateTime);
        _now = (await Grains.GetGrain<IFiguresGrain>(IFiguresGrain.Key).Get(Caller)).Value ?? _now;
        _audit = (await Audit.GetLatest(Caller)).Value;
        var queue = Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key);
        _payouts = [.. ((await queue.GetOpen(Caller, null, null, MostPayouts)).Value?.Items ?? []).Where(payout => payout.Status != Payout.AwaitingApproval)];
        _awaiting = (await queue.GetOpen(Caller, Payout.AwaitingApproval, null, MostPayouts)).Value?.Items ?? [];
        _openActs ??= new OpenActs(Grains);
        await _openActs.Read(Caller);
        _acts = [.. _openActs.Waiting];
    }

    private Task<string?> Approve(PayoutCase payout, string reason) =>
        Decide(() => CaseOf(payout).Approve(Caller, reason.Length == 0 ? null : reason), agreed => $"You agreed to pay {agreed.CreatorId} {Text.Of(agreed.Payable)}.");

    private Task<string?> Reject(PayoutCase payout, string reason) =>
        Decide(() => CaseOf(payout).Reject(Caller, reason), rejected => $"Rejected: {rejected.CreatorId} has ◆ {Text.Of(rejected.Diamonds)} back.");

    private Task<string?> Approve(ActView act) => Decide(() => ActOf(act).Approve(Caller), Ended);

    private Task<string?> Reject(ActView act, string reason) => Decide(() => ActOf(act).Reject(Caller, reason), Ended);

    private IPayoutGrain CaseOf(PayoutCase payout) => Grains.GetGrain<IPayoutGrain>(payout.Key, payout.CreatorId);

    private IActGrain ActOf(ActView act) => Grains.GetGrain<IActGrain>(act.Key);

    private static string Ended(ActView act) => $"{Text.Words(act.Order.Kind)} {act.Order.Subject}: {Text.Words(act.Status).ToLowerInvariant()}{(act.Result is null ? "" : $" ({act.Result})")}.";

    /// <summary>Why not, or null once it is decided.</summary>
    private async Task<string?> Decide<T>(Func<Task<Outcome<T>>> ask, Func<T, string> done) where T : class
    {
        string? problem = "It is not known whether that was taken. If it still stands here in a moment, decide again.";
        _decided = null;
        await Try(async () =>
        {
            var outcome = await ask();
            _decided = outcome.IsOk ? done(outcome.Value) : null;
            problem = outcome.IsOk ? null : $"{Text.Words(outcome.Refusal.Code)}. {outcome.Refusal.Detail}";
            await Refresh();
        });
        StateHasChanged();
        return problem;
    }

    private static string What(ActOrder order) => order.Kind switch
    {
        ActKinds.AdjustCoins => $"● {Signed(order.Amount)}",
        ActKinds.AdjustDiamonds => $"◆ {Signed(order.Amount)}",
        ActKinds.OpenCampaign when order.Campaign is { } campaign => $"● {Text.Of(campaign.CoinsEach)} each, {Text.Of(campaign.Budget)} in all",
        ActKinds.PublishRates when order.Rates is { } rates => $"◆ {rates.CoinToDiamond.Diamonds} for {rates.CoinToDiamond.Coins} coins, ◆ 1 pays {Text.Of(rates.DiamondValue)}",
        _ => "",
    };

    private static string Signed(long? amount) => amount is > 0 ? $"+{Text.Of(amount.Value)}" : Text.Of(amount ?? 0);

    private Task RunAudit() => Try(async () => _audit = (await Audit.Start(Caller)).Value ?? _audit);

    private async Task LookUp()
    {
        (_said, _frame) = (null, null);
        if (!Identifier.IsValid(_name) || _month is not { } month)
        {
            _said = "Give a name of letters, digits and . _ : @ -, and a month.";
            return;
        }
        await Try(async () =>
        {
            var opened = await Statements.Open(Caller, _holder, _name, new StatementMonth(month.Year, month.Month));
            if (opened.Value is not { } frame || frame.AccountId == 0)
            {
                _said = opened.Refusal?.Detail ?? "There is no such account: nobody of that name has ever had a line.";
                return;
            }
            _lines = [.. ((await Statements.Read(Caller, frame, Math.Max(frame.AfterSeq, frame.ThroughSeq - MostLines))).Value ?? []).Reverse()];
            _frame = frame;
        });
    }

    /// <summary>The books hold money in minor units, under its currency.</summary>
    private static string Amount(string asset, long amount) => asset.StartsWith("money ", StringComparison.Ordinal) ? Text.Cents(amount, asset["money ".Length..]) : Text.Of(amount);

    private static string Verdict(AuditView audit) => audit.Status switch
    {
        AuditView.Running => $"Running: {Text.Of(audit.Accounts)} accounts, {Text.Of(audit.Entries)} entries so far.",
        AuditView.Clean => $"Clean at {Text.Minute(audit.FinishedAt ?? audit.StartedAt)}: {Text.Of(audit.Accounts)} accounts, {Text.Of(audit.Entries)} entries, {Text.Of(audit.InFlight)} in flight. Every asset sums to zero.",
        AuditView.Violated => $"{audit.Violations.Length} broken invariants among {Text.Of(audit.Entries)} entries.",
        _ => "The last audit could not finish.",
    };
}
