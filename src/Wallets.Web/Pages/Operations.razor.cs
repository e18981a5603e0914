using Wallets.Web.Operations;

namespace Wallets.Web.Pages;

/// <summary>The health of the money: what the books say, what is under way, and anybody's statement.</summary>
public partial class Operations
{
    private const int MostLines = 100;

    private FiguresView _now = new([], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, []);
    private AuditView? _audit;
    private PayoutCase[] _payouts = [];
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
        _now = Figures.Read();
        _audit = (await Audit.GetLatest(Caller)).Value;
        _payouts = (await Grains.GetGrain<IPayoutQueueGrain>(IPayoutQueueGrain.Key).GetOpen(Caller, null, null, 20)).Value?.Items ?? [];
    }

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
