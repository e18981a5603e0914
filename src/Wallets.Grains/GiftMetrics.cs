using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>What the grains tell the operators, on the same meter as the ledger.</summary>
internal sealed class GiftMetrics
{
    private long _gifts;       // counted here and read when asked for: an instrument's own count costs each gift a search for its tags
    private long _coinsSent;
    private readonly Counter<long> _coinsBought;
    private readonly Counter<long> _settled;
    private readonly Counter<long> _redelivered;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _proofsOfAnother;
    private readonly Counter<long> _refunds;
    private readonly Counter<long> _notifications;
    private readonly ConcurrentDictionary<string, long> _openNotifications = new();
    private (int Count, double OldestSeconds) _overdue;

    public GiftMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(LedgerMetrics.MeterName);
        meter.CreateObservableCounter("wallets.gifts", () => Volatile.Read(ref _gifts), "{gift}", "Gifts committed.");
        meter.CreateObservableCounter("wallets.coins.sent", () => Volatile.Read(ref _coinsSent), "{coin}", "Coins spent on gifts.");
        _coinsBought = meter.CreateCounter<long>("wallets.coins.bought", "{coin}", "Coins minted by purchases.");
        _settled = meter.CreateCounter<long>("wallets.gifts.settled", "{gift}", "Gifts credited to creators.");
        _redelivered = meter.CreateCounter<long>("wallets.gifts.redelivered", "{gift}", "Credits delivered again, by a relay or by settlement.");
        _refusals = meter.CreateCounter<long>("wallets.refusals", "{refusal}", "Refusals by code.");
        _proofsOfAnother = meter.CreateCounter<long>("wallets.proofs.of_another", "{proof}", "Proofs of payment offered by somebody else.");
        _refunds = meter.CreateCounter<long>("wallets.refunds", "{refund}", "Refunds and reversals of refunds.");
        _notifications = meter.CreateCounter<long>("wallets.notifications", "{notification}", "Notifications by channel, and what became of them.");
        meter.CreateObservableGauge("wallets.notifications.open", () => _openNotifications.Select(open => new Measurement<long>(open.Value, new KeyValuePair<string, object?>("channel", open.Key))), "{notification}", "Notifications that need a person, by channel, as last counted by this silo.");
        meter.CreateObservableGauge("wallets.in_flight", () => _overdue.Count, "{gift}", "Gifts still without credit after the grace, at the last settlement scan, but those left to a late silo (its wallets.relay.pending); zero but on the silo that scans.");
        meter.CreateObservableGauge("wallets.in_flight.oldest", () => _overdue.OldestSeconds, "s", "Age of the oldest of them.");
        meter.CreateObservableGauge("wallets.relay.pending", () => RelayPending(), "{gift}", "Credits that this silo has yet to deliver.");
    }

    public Func<int> RelayPending { get; set; } = () => 0;

    public void Sent(long coins)
    {
        Interlocked.Increment(ref _gifts);
        Interlocked.Add(ref _coinsSent, coins);
    }

    public void Purchased(long coins) => _coinsBought.Add(coins);
    public void Settled(int gifts) => _settled.Add(gifts);
    public void Redelivered(int gifts) => _redelivered.Add(gifts);
    public void Refused(string code) => _refusals.Add(1, new KeyValuePair<string, object?>("code", code));
    public void ProofOfAnother() => _proofsOfAnother.Add(1);
    public void Refunded() => _refunds.Add(1);
    public void Notified(string channel, string outcome) => _notifications.Add(1, new KeyValuePair<string, object?>("channel", channel), new KeyValuePair<string, object?>("outcome", outcome));
    public void OpenNotifications(string channel, long count) => _openNotifications[channel] = count;
    public void Overdue(int count, TimeSpan oldest) => _overdue = (count, oldest.TotalSeconds);
}
