namespace Wallets.Server.Payouts;

/// <summary>How the sandbox answers, until it is told otherwise.</summary>
/// <param name="Order">
/// What becomes of an order: <c>pay</c>; <c>pending</c> (paid once it was asked for <paramref name="Asks"/> times); <c>fail</c>;
/// <c>lose</c> (paid, and the connection cut instead of an answer); <c>drop</c> (not taken, connection cut); <c>hang</c> (paid, and never
/// answered); <c>error</c> (not taken, status 500); <c>twice</c> (paid again each time it comes, and never answered, as by a provider
/// without idempotency); <c>contradict</c> (paid, and said to have failed).
/// </param>
/// <param name="Look">
/// How look-ups are answered: <c>answer</c>, <c>hang</c>, <c>drop</c>, <c>error</c>, or <c>forget</c> (as if no order had come).
/// </param>
/// <param name="Nonsense">Makes answers senseless: <c>json</c>, <c>html</c>, <c>status</c>, <c>amount</c>, <c>currency</c>, <c>key</c>, <c>empty</c>; null for none.</param>
/// <param name="DelayMs">How long every answer takes.</param>
internal sealed record SandboxBehaviour(string Order = "pay", string Look = "answer", string? Nonsense = null, int DelayMs = 0, int Asks = 1)
{
    private static readonly string[] Orders = ["pay", "pending", "fail", "lose", "drop", "hang", "error", "twice", "contradict"];
    private static readonly string[] Looks = ["answer", "hang", "drop", "error", "forget"];
    private static readonly string[] NonsenseKinds = ["json", "html", "status", "amount", "currency", "key", "empty"];

    public bool IsKnown => Orders.Contains(Order) && Looks.Contains(Look) && (Nonsense is null || NonsenseKinds.Contains(Nonsense)) && DelayMs is >= 0 and <= 60_000 && Asks >= 0;
}

/// <summary>Money that the sandbox says has left.</summary>
internal sealed record SandboxTransfer(string IdempotencyKey, string Account, string Currency, long AmountMinor);

/// <summary>
/// A provider in memory: takes orders once by their key, keeps a fixed fee of one percent (at least one minor unit where there is
/// more than that), and lists every transfer it made, so that whoever drives it can see what was really paid.
/// </summary>
internal sealed class SandboxProvider
{
    private sealed class Taken(PayoutOrder order, string id)
    {
        public PayoutOrder Order { get; } = order;
        public string Id { get; } = id;
        public string Status { get; set; } = "pending";
        public int AsksLeft { get; set; }
    }

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Taken> _orders = [];
    private readonly List<SandboxTransfer> _transfers = [];
    private SandboxBehaviour _behaviour = new();
    private int _ordersReceived;

    public SandboxBehaviour Behaviour
    {
        get { lock (_lock) return _behaviour; }
        set { lock (_lock) _behaviour = value; }
    }

    public SandboxTransfer[] Transfers { get { lock (_lock) return [.. _transfers]; } }

    /// <summary>How many times an order came, the same ones again included.</summary>
    public int OrdersReceived { get { lock (_lock) return _ordersReceived; } }

    /// <summary>Takes an order, or the same again; null if it is dropped.</summary>
    public PayoutReport? Take(string key, PayoutOrder order)
    {
        lock (_lock)
        {
            _ordersReceived++;
            if (_behaviour.Order is "drop" or "error") return null;
            var isNew = !_orders.TryGetValue(key, out var taken);
            if (isNew) _orders[key] = taken = new(order, $"sandbox-{_orders.Count + 1}") { AsksLeft = _behaviour.Asks };
            if (isNew && _behaviour.Order == "fail") taken!.Status = "failed";
            else if ((isNew && _behaviour.Order != "pending") || _behaviour.Order == "twice") Pay(key, taken!);
            return Report(key, taken!) is var report && _behaviour.Order == "contradict" ? report with { Status = "failed", Code = "account_closed", Reason = "The account is closed." } : report;
        }
    }

    /// <summary>What is known of an order, or null.</summary>
    public PayoutReport? Find(string key)
    {
        lock (_lock)
        {
            if (_behaviour.Look == "forget" || !_orders.TryGetValue(key, out var taken)) return null;
            if (taken.Status == "pending" && taken.AsksLeft-- <= 0) Pay(key, taken);
            return Report(key, taken);
        }
    }

    private void Pay(string key, Taken taken)
    {
        taken.Status = "paid";
        _transfers.AddRange(taken.Order.Recipients.Select(recipient => new SandboxTransfer(key, recipient.Account, taken.Order.Currency, recipient.AmountMinor)));
    }

    private static PayoutReport Report(string key, Taken taken)
    {
        var (amount, status) = (taken.Order.AmountMinor, taken.Status);
        long? fee = status == "paid" ? Math.Min(amount - 1, Math.Max(1, amount / 100)) : null;
        var (code, reason) = status == "failed" ? ("account_closed", "The account is closed.") : (null, null);
        return new(taken.Id, key, status, taken.Order.Currency, amount, fee, amount - fee, code, reason);
    }
}
