using System.Diagnostics.Metrics;
using Wallets.Ledger;

namespace Wallets.Grains.Payouts;

/// <summary>What payouts tell the operators, on the same meter as the ledger.</summary>
internal sealed class PayoutMetrics
{
    private readonly Counter<long> _ended;
    private readonly Counter<long> _alerts;
    private (IReadOnlyDictionary<string, int> ByStatus, double OldestSeconds, int Overdue) _open = (new Dictionary<string, int>(), 0, 0);

    public PayoutMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(LedgerMetrics.MeterName);
        _ended = meter.CreateCounter<long>("wallets.payouts.ended", "{payout}", "Payouts that were paid or failed.");
        _alerts = meter.CreateCounter<long>("wallets.payouts.alerts", "{payout}", "Payouts that passed their deadline without an end.");
        meter.CreateObservableGauge("wallets.payouts.open", OpenByStatus, "{payout}", "Payouts that have not ended; none but on the silo that holds the queue.");
        meter.CreateObservableGauge("wallets.payouts.oldest", () => _open.OldestSeconds, "s", "Age of the oldest of them.");
        meter.CreateObservableGauge("wallets.payouts.overdue", () => _open.Overdue, "{payout}", "Those of them past their deadline.");
    }

    public void Ended(string status) => _ended.Add(1, new KeyValuePair<string, object?>("status", status));
    public void Alerted() => _alerts.Add(1);

    public void Open(IEnumerable<PayoutCase> payouts, DateTimeOffset now)
    {
        var open = payouts.ToList();
        _open = (
            open.CountBy(payout => payout.Status).ToDictionary(),
            open.Count == 0 ? 0 : Math.Max(0, (now - open.Min(payout => payout.RequestedAt)).TotalSeconds),
            open.Count(payout => payout.IsOverdue));
    }

    private IEnumerable<Measurement<int>> OpenByStatus() =>
        Payout.OpenStatuses.Select(status => new Measurement<int>(_open.ByStatus.GetValueOrDefault(status), new KeyValuePair<string, object?>("status", status)));
}
