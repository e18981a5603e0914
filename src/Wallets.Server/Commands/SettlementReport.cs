using System.Globalization;
using System.Text;
using Wallets.Ledger.Finance;

namespace Wallets.Server.Commands;

/// <summary>
/// Reads a settlement report in the plain form of deploy/finance.md: CSV by RFC 4180 with the columns payment_id, amount_minor, currency
/// and type in any order, others ignored. A row that cannot be read is given as a fault with its line's number, never left out.
/// </summary>
internal static class SettlementReport
{
    private const int LongestRow = 64 * 1024;
    private static readonly string[] Columns = ["payment_id", "amount_minor", "currency", "type"];
    private static readonly string[] Types = ["payment", "refund", "reversal", "payout"];

    public static IEnumerable<(ReportLine? Line, string? Fault)> Read(TextReader report)
    {
        int[]? at = null;
        foreach (var (number, row) in ReadRows(report))
        {
            if (row is null)
            {
                yield return (null, $"line {number}: not CSV, or longer than {LongestRow} characters");
                yield break;   // where the next row begins is not known
            }
            if (at is null)
            {
                at = [.. Columns.Select(column => row.FindIndex(name => string.Equals(name.Trim().TrimStart('\uFEFF'), column, StringComparison.OrdinalIgnoreCase)))];
                if (!at.Contains(-1)) continue;
                yield return (null, $"line {number}: the header must name {string.Join(", ", Columns)}");
                yield break;
            }
            if (row is [var only] && string.IsNullOrWhiteSpace(only)) continue;
            yield return Parse(number, row, at);
        }
        if (at is null) yield return (null, "line 1: the report is empty");
    }

    private static (ReportLine?, string?) Parse(long number, List<string> row, int[] at)
    {
        if (row.Count <= at.Max()) return (null, $"line {number}: too few columns");
        var (id, amount, currency, type) = (row[at[0]].Trim(), row[at[1]].Trim(), row[at[2]].Trim().ToUpperInvariant(), row[at[3]].Trim().ToLowerInvariant());
        if (id.Length == 0) return (null, $"line {number}: no payment_id");
        if (!long.TryParse(amount, NumberStyles.None, CultureInfo.InvariantCulture, out var minor)) return (null, $"line {number}: amount_minor '{amount}' is not a whole number from 0");
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper)) return (null, $"line {number}: currency '{currency}' is not an ISO code");
        if (!Types.Contains(type)) return (null, $"line {number}: type '{type}' is not one of {string.Join(", ", Types)}");
        return (new ReportLine(number, type, id, new Money(minor, currency)), null);
    }

    /// <summary>Rows with the number of the line that each begins on; null for what cannot be read, which ends it.</summary>
    private static IEnumerable<(long Number, List<string>? Fields)> ReadRows(TextReader report)
    {
        var field = new StringBuilder();
        var row = new List<string>();
        long number = 1, beganOn = 1;
        var (isQuoted, length) = (false, 0);
        int next;
        while ((next = report.Read()) >= 0)
        {
            var letter = (char)next;
            if (++length > LongestRow) break;
            if (letter == '\n') number++;
            if (isQuoted)
            {
                if (letter != '"') field.Append(letter);
                else if (report.Peek() == '"') field.Append((char)report.Read());
                else isQuoted = false;
            }
            else if (letter == '"' && field.Length == 0)
            {
                isQuoted = true;
            }
            else if (letter == ',')
            {
                EndField();
            }
            else if (letter == '\n')
            {
                EndField();
                yield return (beganOn, row);
                (row, beganOn, length) = ([], number, 0);
            }
            else if (letter != '\r')
            {
                field.Append(letter);
            }
        }
        if (isQuoted || length > LongestRow) yield return (beganOn, null);
        else if (length > 0)
        {
            EndField();
            yield return (beganOn, row);
        }

        void EndField()
        {
            row.Add(field.ToString());
            field.Clear();
        }
    }
}
