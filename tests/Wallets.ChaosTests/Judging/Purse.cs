namespace Wallets.ChaosTests.Judging;

/// <summary>
/// A wallet's coins by lot, counted line by line in the published order of spending, without any of the server's code: bonus coins first, the
/// earliest-expiring ones before others, then paid coins as they were bought. Says what each line should have been.
/// </summary>
internal sealed class Purse
{
    /// <summary>How long a lot whose time is over may wait for its end: the sweep's interval, and what a silo's death adds.</summary>
    private static readonly TimeSpan SweptWithin = TimeSpan.FromSeconds(90);

    private sealed class Lot(Guid id)
    {
        public Guid Id => id;
        public long Paid { get; set; }
        public long Bonus { get; set; }
        public DateTimeOffset? ExpiresAt { get; init; }
    }

    private readonly List<Lot> _lots = [];

    /// <summary>Coins of a lot in a gift that no refund has taken back.</summary>
    private readonly Dictionary<(string Gift, string Lot), long> _used = [];

    /// <summary>What refunds took of lots, and of gifts.</summary>
    private readonly Dictionary<string, long> _taken = [];
    private readonly Dictionary<(string Refund, string Gift), long> _takenOfGifts = [];

    private string _standing = "good";

    /// <summary>The refund whose gifts follow, which must be all that hold coins of its lot. What operators took of the lot is nobody's gift.</summary>
    private Line? _refund;

    /// <summary>What is wrong with a wallet's lines, at most the first thing.</summary>
    public static string? Judge(IEnumerable<Line> wallet, DateTimeOffset now)
    {
        var purse = new Purse();
        Line? last = null;
        foreach (var line in wallet)
        {
            if ((purse.EndRefund(line) ?? purse.Apply(last = line)) is { } wrong) return $"{wrong}: {line}";
        }
        return purse.EndRefund(null) is { } left ? $"{left}: {last}" : purse._lots.Find(lot => lot.Bonus > 0 && lot.ExpiresAt < now - SweptWithin) is { } late ? $"{late.Bonus} coins of lot {late.Id} should have expired at {late.ExpiresAt:O}: {last}" : null;
    }

    private string? EndRefund(Line? next)
    {
        if (_refund is not { } refund || (next is { Kind: Kinds.GiftRefunded } && next.Content == $"{refund.Transfer}")) return null;
        _refund = null;
        return _used.FirstOrDefault(used => used.Key.Lot == refund.Lot) is { Value: > 0 } left ? $"refund {refund.Transfer} left {left.Value} coins of its lot in gift {left.Key.Gift}" : null;
    }

    private string? Apply(Line line)
    {
        switch (line.Kind)
        {
            case Kinds.Purchase:
                _lots.Add(new(line.Transfer) { Paid = line.Amount });
                return null;
            case Kinds.Granted:
                _lots.Add(new(line.Transfer) { Bonus = line.Amount, ExpiresAt = line.ExpiresAt });
                return null;
            case Kinds.Adjusted when line.Amount > 0:
                _lots.Add(new(line.Transfer) { Bonus = line.Amount });
                return null;
            case Kinds.Adjusted:
                return Spend(-line.Amount, null);
            case Kinds.GiftSent:
                return _standing == "frozen" ? "sent from a frozen wallet" : Spend(-line.Amount, $"{line.Transfer}");
            case Kinds.Expired:
                return Expire(line);
            case Kinds.Refunded:
                return Refund(line);
            case Kinds.GiftRefunded:
                _takenOfGifts[(line.Content!, line.Gift!)] = line.Coins ?? 0;
                return _used.Remove((line.Gift!, line.Lot!), out var used) && used == line.Coins ? null : $"the lot had {used} coins in this gift";
            case Kinds.RefundReversed:
                return Reverse(line);
            case Kinds.GiftRestored:
                _used[(line.Gift!, line.Lot!)] = line.Coins ?? 0;
                return _takenOfGifts.Remove((line.Content!, line.Gift!), out var refunded) && refunded == line.Coins ? null : $"{refunded} coins of this gift were refunded";
            case Kinds.StandingChanged:
                _standing = line.Standing!;
                return null;
            default:
                return "does not belong to a wallet";
        }
    }

    private string? Spend(long due, string? gift)
    {
        while (due > 0)
        {
            var lot = _lots.Where(lot => lot.Bonus > 0).MinBy(lot => lot.ExpiresAt ?? DateTimeOffset.MaxValue) ?? _lots.Find(lot => lot.Paid > 0);
            if (lot is null) return $"spends {due} coins that no lot has";
            var taken = Math.Min(due, lot.Bonus > 0 ? lot.Bonus : lot.Paid);
            if (lot.Bonus > 0) lot.Bonus -= taken;
            else lot.Paid -= taken;
            due -= taken;
            if (gift is not null) _used[(gift, $"{lot.Id}")] = _used.GetValueOrDefault((gift, $"{lot.Id}")) + taken;
        }
        _lots.RemoveAll(lot => lot.Paid + lot.Bonus == 0);
        return null;
    }

    private string? Expire(Line line)
    {
        if (Find(line) is not { } lot) return "the lot is empty";
        if (!(lot.ExpiresAt <= line.RecordedAt)) return $"the lot expires at {lot.ExpiresAt:O}";
        if (lot.Bonus != -line.Amount) return $"the lot had {lot.Bonus} bonus coins left";
        _lots.Remove(lot);
        return null;
    }

    private string? Refund(Line line)
    {
        var lot = Find(line);
        var left = lot is null ? 0 : lot.Paid + lot.Bonus;
        if (lot is not null) _lots.Remove(lot);
        _taken[$"{line.Transfer}"] = left;
        _refund = line;
        return left == -line.Amount ? null : $"the lot had {left} coins left";
    }

    /// <summary>What is given back queues at the end.</summary>
    private string? Reverse(Line line)
    {
        if (!_taken.Remove(line.Content!, out var taken)) return "no refund stands that it reverses";
        if (taken > 0) _lots.Add(new(Guid.Parse(line.Lot!)) { Paid = taken });
        return taken == line.Amount ? null : $"the refund had taken {taken}";
    }

    private Lot? Find(Line line) => _lots.Find(lot => $"{lot.Id}" == line.Lot);
}
