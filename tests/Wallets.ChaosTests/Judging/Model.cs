using Wallets.ChaosTests.Work;

namespace Wallets.ChaosTests.Judging;

/// <summary>
/// A single-threaded wallet: it does one thing after the other in the order of the account's lines, each at some moment between
/// the call and the answer. It explains an answer if it could have given it itself at such a moment: what was done before
/// somebody asked comes before it, and a refusal was true at some time while its caller waited.
/// </summary>
internal sealed class Model
{
    /// <summary>A line, and when it can have been written: between its first asking and its first acknowledgement.</summary>
    private readonly record struct Written(Line Line, DateTimeOffset Earliest, DateTimeOffset Latest)
    {
        public string? Standing { get; init; }
    }

    private readonly IReadOnlyCollection<Operation> _history;
    private readonly Dictionary<(Holder, string), List<Written>> _accounts;
    private readonly ILookup<(string, Guid), Line> _effects;
    private readonly ILookup<string?, Line> _payments;
    private readonly ILookup<string, string> _offered;
    private readonly HashSet<string> _tales;

    public Model(IReadOnlyCollection<Operation> history, IReadOnlyList<Line> lines)
    {
        _history = history;
        _effects = lines.Where(line => line.IsOwn).ToLookup(line => (line.Account, line.Key));
        _payments = lines.Where(line => line.Kind == Kinds.Purchase).ToLookup(line => line.Payment);
        _offered = history.Where(operation => operation.Wish.Act == Act.Purchase).ToLookup(operation => operation.Wish.Content, operation => operation.Wish.Subject);
        var paid = history.Where(operation => operation.Wish.Act is Act.Purchase or Act.Checkout).ToLookup(operation => operation.Wish.Content);
        var asked = history.ToLookup(operation => (operation.Wish.Subject, operation.Wish.Key));
        _accounts = lines.GroupBy(line => (line.Holder, line.Account)).ToDictionary(account => account.Key, account => WithStanding(account.Select(line => Place(line, asked, paid))).ToList());
        _tales = history.Where(operation => operation.Wish.Act == Act.Tale).Select(operation => operation.Wish.Content).ToHashSet();
    }

    public IEnumerable<string> Unexplained() => OutOfOrder().Concat(_history.Where(operation => operation.End == End.Refused && !IsExplained(operation)).Select(operation => $"refused for no reason the model knows: {operation}"));

    /// <param name="paid">By payment: the checkout tells of it, and its user brings it.</param>
    private static Written Place(Line line, ILookup<(string, Guid), Operation> asked, ILookup<string, Operation> paid)
    {
        if (line.IsOfRefund)
            return new(line, asked[(line.Holder == Holder.Creator ? line.Other! : line.Account, Guid.Parse(line.Content!))].Select(refund => refund.InvokedAt).DefaultIfEmpty(DateTimeOffset.MinValue).Min(), DateTimeOffset.MaxValue);
        if (!line.IsOwn) return new(line, asked[(line.Other!, line.Transfer)].Select(gift => gift.InvokedAt).DefaultIfEmpty(DateTimeOffset.MinValue).Min(), DateTimeOffset.MaxValue);
        var mine = (line.IsOfCheckout ? paid[line.Payment!] : asked[(line.Account, line.Key)]).Where(operation => line.Fulfils(operation.Wish)).ToList();
        return new(
            line,
            mine.Select(operation => operation.InvokedAt).DefaultIfEmpty(DateTimeOffset.MinValue).Min(),
            mine.Where(operation => operation.End == End.Ok && operation.Wish.Act != Act.Checkout).Select(operation => operation.EndedAt).DefaultIfEmpty(DateTimeOffset.MaxValue).Min());
    }

    private IEnumerable<string> OutOfOrder()
    {
        foreach (var account in _accounts.Values)
        {
            var asked = DateTimeOffset.MinValue;
            foreach (var written in account)
            {
                if (written.Earliest > asked) asked = written.Earliest;
                if (written.Latest < asked) yield return $"{written.Line} was acknowledged at {written.Latest:O}, before a line that precedes it was asked for";
            }
        }
    }

    private bool IsExplained(Operation refused) => refused.Code switch
    {
        "insufficient_funds" => WasEver(Holder.Wallet, refused, written => written.Line.After < Math.Abs(refused.Wish.Amount), atFirst: true),
        "insufficient_diamonds" => WasEver(Holder.Creator, refused, written => written.Line.After < Math.Abs(refused.Wish.Amount), atFirst: true),
        "wallet_frozen" => WasEver(Holder.Wallet, refused, written => written.Standing == "frozen", atFirst: false),
        "payment_refunded" => _tales.Contains(refused.Wish.Content),
        "campaign_exhausted" => true,   // the judge counts the winners
        "idempotency_key_reused" => _effects[(refused.Wish.Subject, refused.Wish.Key)].Any(line => !line.Fulfils(refused.Wish)),
        "nothing_to_refund" => _effects.Any(effects => effects.Any(line => line.Kind == Kinds.Refunded && line.Account == refused.Wish.Subject && line.Content == refused.Wish.Content && line.Transfer != refused.Wish.Key)),
        "proof_already_used" => _payments[refused.Wish.Content].Any(line => line.Account != refused.Wish.Subject || line.Transfer != refused.Wish.Key)
            || _offered[refused.Wish.Content].Any(other => other != refused.Wish.Subject),   // claimed by somebody whose purchase never came
        "unavailable" or "overloaded" or "grain_unavailable" or "http_ConnectionError" => true,   // nobody decided anything
        _ => false,
    };

    private static IEnumerable<Written> WithStanding(IEnumerable<Written> account)
    {
        var standing = "good";
        foreach (var written in account)
        {
            if (written.Line.Kind == Kinds.StandingChanged) standing = written.Line.Standing!;
            yield return written with { Standing = standing };
        }
    }

    /// <summary>Whether the account can have been like that at a moment while the caller waited.</summary>
    /// <param name="atFirst">Whether an account without lines is.</param>
    private bool WasEver(Holder holder, Operation refused, Func<Written, bool> isSo, bool atFirst)
    {
        if (!_accounts.TryGetValue((holder, refused.Wish.Subject), out var account)) return atFirst;
        if (atFirst && account[0].Latest >= refused.InvokedAt) return true;   // it may still have been empty
        for (var i = 0; i < account.Count; i++)
        {
            if (account[i].Earliest > refused.EndedAt) continue;
            var isSucceeded = i + 1 < account.Count && account[i + 1].Latest < refused.InvokedAt;
            if (!isSucceeded && isSo(account[i])) return true;
        }
        return false;
    }
}
