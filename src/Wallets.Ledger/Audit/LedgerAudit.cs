using Wallets.Ledger.Accounts;

namespace Wallets.Ledger.Audit;

/// <summary>One broken invariant, by its number in src/README.md, with the evidence.</summary>
public sealed record Violation(int Invariant, string Evidence);

/// <summary>One account of the books; assets that balance sum to zero over their accounts.</summary>
public sealed record BookLine(string Asset, string Account, long Balance);

/// <param name="Violations">Empty if every invariant holds.</param>
/// <param name="Entries">How many entries were read.</param>
/// <param name="InFlight">Gifts, refunded and restored ones included, whose other side is not there yet, which is no violation while they are young.</param>
public sealed record AuditReport(IReadOnlyList<Violation> Violations, long Accounts, long Entries, long InFlight, IReadOnlyList<BookLine> TrialBalance);

/// <summary>
/// Checks the invariants that the ledger alone can show. Every account is folded anew from its first entry, as its grain would;
/// gifts are matched to their credits; the books are derived and compared with the folds.
/// </summary>
public sealed class LedgerAudit(ILedger ledger, TimeProvider time)
{
    private const int MostEvidence = 20;

    /// <param name="settleWithin">A gift unsettled for longer is a violation.</param>
    public async Task<AuditReport> Run(TimeSpan settleWithin, CancellationToken cancellation = default)
    {
        await using var snapshot = await ledger.OpenSnapshot(cancellation);
        var violations = new List<Violation>();
        var folded = await FoldEveryAccount(snapshot, violations, cancellation);
        var inFlight = await MatchGifts(snapshot, settleWithin, violations, cancellation);
        var comingBack = await MatchCorrections(snapshot, settleWithin, violations, cancellation);
        await LookForRepeats(snapshot, violations, cancellation);
        var books = await CompareBooks(snapshot, folded, inFlight.Diamonds + comingBack.Diamonds, violations, cancellation);
        return new(violations, folded.Accounts, folded.Entries, inFlight.Gifts + comingBack.Gifts, books);
    }

    private sealed record Folded(long Accounts, long Entries, long Coins, long Diamonds, long Reserved, long Paid);

    private static async Task<Folded> FoldEveryAccount(IAuditSnapshot snapshot, List<Violation> violations, CancellationToken cancellation)
    {
        var total = new Folded(0, 0, 0, 0, 0, 0);
        var refunded = (await snapshot.Query("SELECT DISTINCT account_id FROM entries WHERE kind = 5", row => row.GetInt64(0), cancellation)).ToHashSet();
        long accountId = 0;
        AccountState? state = null;
        LotTrace? trace = null;
        await foreach (var (kind, entry) in snapshot.ReadAll(cancellation))
        {
            if (entry.AccountId != accountId)
            {
                total = AddTo(total, state);
                AddUntraceable(violations, accountId, trace);
                accountId = entry.AccountId;
                trace = kind == AccountKind.Wallet && refunded.Contains(accountId) ? LotTrace.OfAll() : null;
                state = kind switch { AccountKind.Wallet => trace?.State ?? new WalletState(), AccountKind.Earnings => new EarningsState(), _ => null };
                if (state is null) Add(violations, 3, $"Account {accountId} has entries but does not exist.");
            }
            total = total with { Entries = total.Entries + 1 };
            try
            {
                if (trace is not null) trace.Apply(entry);
                else state?.Apply(entry);
            }
            catch (BrokenChainException broken)
            {
                Add(violations, entry.BalanceAfter < 0 && entry.Kind < EntryKind.GiftReceived ? 7 : entry.BalanceAfter != (state!.Balance + entry.Amount) ? 2 : 3, broken.Message);
                (state, trace) = (null, null);   // nothing can be said of the rest of this account
            }
            catch (OverflowException)
            {
                Add(violations, 2, $"Account {accountId}, entry {entry.Seq}: the sums overflow.");
                (state, trace) = (null, null);
            }
        }
        AddUntraceable(violations, accountId, trace);
        return AddTo(total, state);
    }

    /// <summary>A refund touches gifts of its own lot only, and no more of them than the lot had paid for.</summary>
    private static void AddUntraceable(List<Violation> violations, long accountId, LotTrace? trace)
    {
        foreach (var gift in trace?.FindUntraceable() ?? []) Add(violations, 4, $"Account {accountId} refunded more of gift {gift} than the refunded lot had paid for.");
    }

    private static Folded AddTo(Folded total, AccountState? state) => state switch
    {
        WalletState wallet => total with { Accounts = total.Accounts + 1, Coins = total.Coins + wallet.Balance },
        EarningsState earnings => total with
        {
            Accounts = total.Accounts + 1,
            Diamonds = total.Diamonds + earnings.Balance,
            Reserved = total.Reserved + earnings.Reserved,
            Paid = total.Paid + earnings.Paid,
        },
        _ => total,
    };

    private async Task<(long Gifts, long Diamonds)> MatchGifts(IAuditSnapshot snapshot, TimeSpan settleWithin, List<Violation> violations, CancellationToken cancellation)
    {
        const string creditOfDebit = "c.transfer_id = d.transfer_id AND c.counterparty = d.account_id AND c.kind = 11";
        var wrong = await snapshot.Query(
            $"""
            SELECT d.account_id, d.seq, d.diamonds, c.account_id, c.seq, c.amount, d.counterparty FROM entries d
            JOIN entries c ON {creditOfDebit}
            WHERE d.kind = 2 AND (c.amount <> d.diamonds OR c.account_id <> d.counterparty)
            LIMIT {MostEvidence}
            """,
            row => $"Gift {row.GetInt64(0)}/{row.GetInt64(1)} owes {row.GetInt64(2)} diamonds to account {row.GetInt64(6)}; credit {row.GetInt64(3)}/{row.GetInt64(4)} gives {row.GetInt64(5)}.", cancellation);
        var baseless = await snapshot.Query(
            $"""
            SELECT c.account_id, c.seq FROM entries c
            WHERE c.kind = 11 AND NOT EXISTS (SELECT 1 FROM entries d WHERE {creditOfDebit} AND d.kind = 2)
            LIMIT {MostEvidence}
            """,
            row => $"Credit {row.GetInt64(0)}/{row.GetInt64(1)} has no gift.", cancellation);
        var misrated = await snapshot.Query(
            $"""
            SELECT d.account_id, d.seq, -d.amount, d.diamonds, d.rate_version FROM entries d LEFT JOIN rate_cards r ON r.version = d.rate_version
            WHERE d.kind = 2 AND (r.version IS NULL OR d.diamonds <>
                CASE WHEN -2 * d.amount * r.diamonds + r.coins < 2 * r.coins THEN 1 ELSE (-2 * d.amount * r.diamonds + r.coins) / (2 * r.coins) END)
            LIMIT {MostEvidence}
            """,
            row => $"Gift {row.GetInt64(0)}/{row.GetInt64(1)} of {row.GetInt64(2)} coins gives {row.GetInt64(3)} diamonds, which is not what rate card {row.GetInt32(4)} says.", cancellation);
        foreach (var evidence in wrong.Concat(baseless).Concat(misrated)) Add(violations, 4, evidence);

        var latest = time.GetUtcNow().ToUnixTimeSeconds() - (long)settleWithin.TotalSeconds;
        var unsettled = await snapshot.Query(
            $"""
            SELECT COUNT(*), COALESCE(SUM(d.diamonds), 0), COALESCE(SUM(CASE WHEN {snapshot.SecondsSinceEpoch("d.recorded_at")} < {latest} THEN 1 ELSE 0 END), 0)
            FROM entries d WHERE d.kind = 2 AND NOT EXISTS (SELECT 1 FROM entries c WHERE {creditOfDebit})
            """,
            row => (Gifts: Convert.ToInt64(row.GetValue(0)), Diamonds: Convert.ToInt64(row.GetValue(1)), Late: Convert.ToInt64(row.GetValue(2))), cancellation);
        if (unsettled[0].Late > 0) Add(violations, 8, $"{unsettled[0].Late} gifts are unsettled for more than {settleWithin.TotalSeconds:0} s.");
        return (unsettled[0].Gifts, unsettled[0].Diamonds);
    }

    /// <summary>Refunded and restored gifts against their other sides; gives how many are under way and their diamonds, restored ones positive.</summary>
    private async Task<(long Gifts, long Diamonds)> MatchCorrections(IAuditSnapshot snapshot, TimeSpan settleWithin, List<Violation> violations, CancellationToken cancellation)
    {
        const string otherSide = "c.transfer_id = w.transfer_id AND c.counterparty = w.account_id AND c.account_id = w.counterparty AND c.kind = w.kind + 8";
        const string diamonds = "CAST({0}.detail ->> 'diamonds' AS bigint)";
        var (ofWallet, ofCreator) = (string.Format(null, diamonds, "w"), string.Format(null, diamonds, "c"));
        var wrong = await snapshot.Query(
            $"""
            SELECT w.account_id, w.seq, c.account_id, c.seq FROM entries w JOIN entries c ON {otherSide}
            WHERE w.kind IN (7, 8) AND ({ofWallet} <> {ofCreator} OR ABS(c.amount) > {ofWallet} OR w.detail ->> 'gift' <> c.detail ->> 'gift')
            LIMIT {MostEvidence}
            """,
            row => $"Refunded gift {row.GetInt64(0)}/{row.GetInt64(1)} is not what {row.GetInt64(2)}/{row.GetInt64(3)} takes back or returns.", cancellation);
        var baseless = await snapshot.Query(
            $"""
            SELECT c.account_id, c.seq FROM entries c
            WHERE c.kind IN (15, 16) AND NOT EXISTS (SELECT 1 FROM entries w WHERE {otherSide})
            LIMIT {MostEvidence}
            """,
            row => $"Clawback {row.GetInt64(0)}/{row.GetInt64(1)} has no refunded gift.", cancellation);
        foreach (var evidence in wrong.Concat(baseless)) Add(violations, 4, evidence);

        var latest = time.GetUtcNow().ToUnixTimeSeconds() - (long)settleWithin.TotalSeconds;
        var open = await snapshot.Query(
            $"""
            SELECT COUNT(*), COALESCE(SUM(CASE w.kind WHEN 7 THEN -{ofWallet} ELSE {ofWallet} END), 0),
                   COALESCE(SUM(CASE WHEN {snapshot.SecondsSinceEpoch("w.recorded_at")} < {latest} THEN 1 ELSE 0 END), 0)
            FROM entries w WHERE w.kind IN (7, 8) AND NOT EXISTS (SELECT 1 FROM entries c WHERE {otherSide})
            """,
            row => (Gifts: Convert.ToInt64(row.GetValue(0)), Diamonds: Convert.ToInt64(row.GetValue(1)), Late: Convert.ToInt64(row.GetValue(2))), cancellation);
        if (open[0].Late > 0) Add(violations, 8, $"{open[0].Late} refunded gifts are not taken back for more than {settleWithin.TotalSeconds:0} s.");
        return (open[0].Gifts, open[0].Diamonds);
    }

    private static async Task LookForRepeats(IAuditSnapshot snapshot, List<Violation> violations, CancellationToken cancellation)
    {
        var repeats = await snapshot.Query(
            $"""
            SELECT account_id, COUNT(*) FROM entries WHERE kind <> 11 GROUP BY transfer_id, account_id HAVING COUNT(*) > 1
            UNION ALL
            SELECT account_id, COUNT(*) FROM entries WHERE kind = 11 GROUP BY transfer_id, counterparty, account_id HAVING COUNT(*) > 1
            LIMIT {MostEvidence}
            """,
            row => $"Account {row.GetInt64(0)} holds one transfer {row.GetInt64(1)} times.", cancellation);
        foreach (var evidence in repeats) Add(violations, 6, evidence);

        var payments = await snapshot.Query(
            $"""
            SELECT detail ->> 'channel', COUNT(*) FROM entries WHERE kind = 1
            GROUP BY detail ->> 'channel', detail ->> 'payment' HAVING COUNT(*) > 1 LIMIT {MostEvidence}
            """,
            row => $"A payment of channel {row.GetString(0)} minted coins {row.GetInt64(1)} times.", cancellation);
        foreach (var evidence in payments) Add(violations, 5, evidence);
    }

    private static async Task<IReadOnlyList<BookLine>> CompareBooks(IAuditSnapshot snapshot, Folded folded, long inFlight, List<Violation> violations, CancellationToken cancellation)
    {
        var books = await snapshot.Query("SELECT COALESCE(asset, 'unpriced'), account, COALESCE(balance, 0) FROM trial_balance ORDER BY asset, account",
            row => new BookLine(row.GetString(0), row.GetString(1), row.GetInt64(2)), cancellation);
        foreach (var asset in books.GroupBy(line => line.Asset))
            if (asset.Sum(line => line.Balance) is not 0 and var sum)
                Add(violations, 1, $"The books of {asset.Key} sum to {sum}.");

        (string Asset, string Account, long Expected)[] expectations =
        [
            ("coins", "wallets", folded.Coins), ("diamonds", "earnings", folded.Diamonds), ("diamonds", "reserved", folded.Reserved),
            ("diamonds", "paid", folded.Paid), ("diamonds", "in_flight", inFlight),
        ];
        foreach (var (asset, account, expected) in expectations)
        {
            var booked = books.FirstOrDefault(line => line.Asset == asset && line.Account == account)?.Balance ?? 0;
            if (booked != expected) Add(violations, 1, $"The books say {booked} for {asset} in {account}; the accounts say {expected}.");
        }
        return books;
    }

    private static void Add(List<Violation> violations, int invariant, string evidence)
    {
        if (violations.Count(violation => violation.Invariant == invariant) < MostEvidence) violations.Add(new(invariant, evidence));
    }
}
