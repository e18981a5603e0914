using Npgsql;

namespace Wallets.ChaosTests;

internal sealed record Verdict(int Invariant, string Says, IReadOnlyList<string> Violations);

/// <summary>
/// Says from the history and the database alone whether every invariant held. It knows the tables, not the server's code: it
/// rebuilds each account line by line, replays every operation in the ledger's order against a model, and compares both ways.
/// </summary>
internal sealed class Judge(string connectionString)
{
    private const int Most = 20;

    private sealed record Line(string Account, short AccountKind, long Seq, Guid Transfer, short Kind, long Amount, long After, string? Other, long? Diamonds, string? Content, string? Payment);

    public async Task<long> CountInFlight()
    {
        var rows = await Query(
            "SELECT count(*) FROM entries d WHERE kind = 2 AND NOT EXISTS (SELECT FROM entries c WHERE c.transfer_id = d.transfer_id AND c.counterparty = d.account_id AND c.account_id = d.counterparty AND c.kind = 11)",
            row => row.GetInt64(0));
        return rows[0];
    }

    public async Task<IReadOnlyList<Verdict>> Decide(IReadOnlyCollection<Operation> history, Func<string, Task<long>> coinsOf, Func<string, Task<long>> diamondsOf)
    {
        var lines = await Query(
            """
            SELECT a.name, a.kind, e.seq, e.transfer_id, e.kind, e.amount, e.balance_after, o.name, e.diamonds,
                   e.stream_id || '/' || e.gift_id || '/' || e.quantity, 'dev:' || (e.detail ->> 'payment')
            FROM entries e JOIN accounts a ON a.account_id = e.account_id LEFT JOIN accounts o ON o.account_id = e.counterparty
            ORDER BY e.account_id, e.seq
            """,
            row => new Line(row.GetString(0), row.GetInt16(1), row.GetInt64(2), row.GetGuid(3), row.GetInt16(4), row.GetInt64(5), row.GetInt64(6),
                row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetInt64(8), row.IsDBNull(9) ? null : row.GetString(9), row.IsDBNull(10) ? null : row.GetString(10)));
        var accounts = lines.GroupBy(line => (line.AccountKind, line.Account)).ToDictionary(account => account.Key, account => account.ToList());
        return
        [
            new(1, "coins and diamonds sum to zero with the system's side", SumToZero(lines)),
            new(2, "each balance is what its grain answers when quiet", await AgreeWithGrains(accounts, coinsOf, diamondsOf)),
            new(3, "no gap, no repeat, each balance follows", Chain(accounts)),
            new(4, "every gift has exactly its credit", Credits(lines)),
            new(5, "acknowledged is present once, refused is absent", Outcomes(history, lines)),
            new(6, "one key has one effect and one answer", Answers(history, lines)),
            new(7, "no balance is below zero", [.. lines.Where(line => line.After < 0).Take(Most).Select(line => line.ToString())]),
            new(8, "nothing is in flight", await CountInFlight() is 0 ? [] : ["gifts are unsettled"]),
        ];
    }

    private static List<string> SumToZero(List<Line> lines)
    {
        long Sum(params short[] kinds) => lines.Where(line => kinds.Contains(line.Kind)).Sum(line => line.Amount);
        var violations = new List<string>();
        var held = lines.GroupBy(line => (line.AccountKind, line.Account)).Select(account => (account.Key.AccountKind, account.Last().After)).ToList();
        var coins = held.Where(account => account.AccountKind == 1).Sum(account => account.After);
        var diamonds = held.Where(account => account.AccountKind == 2).Sum(account => account.After);
        if (coins != Sum(1) + Sum(2)) violations.Add($"wallets hold {coins} coins; {Sum(1)} were issued and {-Sum(2)} redeemed");
        var issued = lines.Where(line => line.Kind == 2).Sum(line => line.Diamonds ?? 0);
        var inFlight = issued - Sum(11);
        if (diamonds - Sum(12) + inFlight != issued) violations.Add($"creators hold {diamonds} diamonds, {-Sum(12)} are reserved, {inFlight} in flight; {issued} were issued");
        return violations;
    }

    private static async Task<List<string>> AgreeWithGrains(Dictionary<(short, string), List<Line>> accounts, Func<string, Task<long>> coinsOf, Func<string, Task<long>> diamondsOf)
    {
        var violations = new List<string>();
        foreach (var ((kind, name), lines) in accounts)
        {
            var answered = kind == 1 ? await coinsOf(name) : await diamondsOf(name);
            if (answered != lines[^1].After) violations.Add($"{name} answers {answered}; its last line says {lines[^1].After}");
        }
        return violations;
    }

    private static List<string> Chain(Dictionary<(short, string), List<Line>> accounts)
    {
        var violations = new List<string>();
        foreach (var (_, lines) in accounts)
        {
            var (seq, balance) = (0L, 0L);
            foreach (var line in lines)
            {
                if (line.Seq != seq + 1 || line.After != balance + line.Amount) violations.Add($"{line} does not follow {seq} with {balance}");
                (seq, balance) = (line.Seq, line.After);
            }
        }
        return violations;
    }

    private static List<string> Credits(List<Line> lines)
    {
        var credits = lines.Where(line => line.Kind == 11).ToLookup(line => (line.Transfer, line.Other));
        var violations = new List<string>();
        foreach (var gift in lines.Where(line => line.Kind == 2))
        {
            var mine = credits[(gift.Transfer, gift.Account)].ToList();
            var due = Math.Max(1, (-gift.Amount + 1) / 2);   // one diamond for two coins, rounded half up
            if (mine.Count != 1 || mine[0].Amount != due || mine[0].Account != gift.Other || gift.Diamonds != due) violations.Add($"{gift} is credited by {string.Join(" and ", mine)}");
        }
        var gifts = lines.Where(line => line.Kind == 2).Select(line => (line.Transfer, (string?)line.Account)).ToHashSet();
        violations.AddRange(lines.Where(line => line.Kind == 11 && !gifts.Contains((line.Transfer, line.Other))).Select(line => $"{line} has no gift"));
        return violations;
    }

    private static List<string> Outcomes(IReadOnlyCollection<Operation> history, List<Line> lines)
    {
        var written = lines.Where(line => line.Kind != 11).ToLookup(line => (line.Account, line.Transfer));
        var violations = new List<string>();
        foreach (var key in history.GroupBy(operation => (operation.Subject, operation.Key)))
        {
            var effects = written[key.Key].ToList();
            var acknowledged = key.Where(operation => operation.End == End.Ok).ToList();
            var mayBe = key.Where(operation => operation.End != End.Refused).ToList();
            if (effects.Count > 1) violations.Add($"{key.Key} is in the ledger {effects.Count} times");
            if (acknowledged.Count > 0 && effects.Count == 0) violations.Add($"acknowledged and lost: {acknowledged[0]}");
            if (mayBe.Count == 0 && effects.Count > 0) violations.Add($"refused and written: {key.First()}");
            if (effects.Count == 1 && !mayBe.Exists(operation => IsEffectOf(effects[0], operation))) violations.Add($"{effects[0]} is not what was asked: {key.First()}");
        }
        var known = history.Select(operation => (operation.Subject, operation.Key)).ToHashSet();
        violations.AddRange(lines.Where(line => line.Kind != 11 && !known.Contains((line.Account, line.Transfer))).Select(line => $"nobody asked for {line}"));
        violations.AddRange(lines.Where(line => line.Payment is not null).GroupBy(line => line.Payment).Where(payment => payment.Count() > 1).Select(payment => $"{payment.Key} minted {payment.Count()} times"));
        return violations;
    }

    private static bool IsEffectOf(Line line, Operation operation) => operation.Act switch
    {
        Act.Purchase => line.Kind == 1 && line.Amount == operation.Amount && line.Payment == operation.Content,
        Act.Gift => line.Kind == 2 && line.Amount == -operation.Amount && line.Content == operation.Content && line.Other == operation.Creator,
        _ => line.Kind == 12 && line.Amount == -operation.Amount,
    };

    private static List<string> Answers(IReadOnlyCollection<Operation> history, List<Line> lines)
    {
        var written = lines.Where(line => line.Kind != 11).GroupBy(line => (line.Account, line.Transfer)).ToDictionary(line => line.Key, line => line.First());
        var violations = new List<string>();
        foreach (var operation in history.Where(operation => operation.End == End.Ok))
        {
            if (!written.TryGetValue((operation.Subject, operation.Key), out var line)) continue;   // reported as lost
            if (!IsEffectOf(line, operation)) violations.Add($"answered as done, but the key stands for {line}: {operation}");
            if (operation.BalanceAfter is { } balance && balance != line.After) violations.Add($"answered balance {balance}, the line says {line.After}: {operation}");
        }
        return violations;
    }

    private async Task<List<T>> Query<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var result = new List<T>();
        while (await rows.ReadAsync()) result.Add(read(rows));
        return result;
    }
}
