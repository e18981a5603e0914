using System.Buffers;
using System.Globalization;
using System.Text;

namespace Wallets.Server.Api;

/// <summary>
/// Statement lines as CSV by RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are left as
/// they are.
/// </summary>
internal sealed class StatementCsv(IBufferWriter<byte> output)
{
    public static readonly string[] Columns =
    [
        "seq", "kind", "amount", "balance_after", "transfer_id", "counterparty", "recorded_at", "stream_id", "gift_id", "quantity", "diamonds", "rate_version",
        "pack_id", "channel", "price_minor", "price_currency", "bonus", "expires_at", "lot", "gift", "refund", "coins", "from_pending", "owed", "hold_days",
        "standing", "campaign", "reason", "payout", "fee_minor", "fee_currency", "paid_out_minor", "paid_out_currency", "exchange_rate", "reference",
    ];

    private readonly StringBuilder _row = new();

    /// <param name="before">Columns in front of the line's own.</param>
    public void WriteLine(StatementLine line, params ReadOnlySpan<string> before)
    {
        foreach (var text in before) Add(text);
        Add(line.Seq).Add(line.Kind).Add(line.Amount).Add(line.BalanceAfter).Add(line.TransferId).Add(line.Counterparty).Add(line.RecordedAt);
        Add(line.StreamId).Add(line.GiftId).Add(line.Quantity).Add(line.Diamonds?.Value).Add(line.RateVersion).Add(line.PackId).Add(line.Channel);
        Add(line.Price).Add(line.Bonus?.Value).Add(line.ExpiresAt).Add(line.Lot).Add(line.Gift).Add(line.Refund).Add(line.Coins?.Value).Add(line.FromPending?.Value);
        Add(line.Owed?.Value).Add(line.HoldDays).Add(line.Standing).Add(line.Campaign).Add(line.Reason).Add(line.Payout).Add(line.Fee).Add(line.PaidOut);
        Add(line.ExchangeRate).Add(line.Reference);
        End();
    }

    /// <summary>A row that is no line: the balance at the beginning or end of the month.</summary>
    public void WriteBalance(string kind, long balance, DateTimeOffset at)
    {
        Add((long?)null).Add(kind).Add((long?)null).Add(balance).Add((Guid?)null).Add((string?)null).Add(at);
        for (var i = 7; i < Columns.Length; i++) Add((string?)null);
        End();
    }

    public void WriteRow(IEnumerable<string> texts)
    {
        foreach (var text in texts) Add(text);
        End();
    }

    /// <summary>A text field: quoted where RFC 4180 asks for it, and never a formula.</summary>
    internal static string Field(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"")}\"" : text;
    }

    private StatementCsv Add(string? text) => AddField(text is null ? "" : Field(text));
    private StatementCsv Add(long? number) => AddField(number?.ToString(CultureInfo.InvariantCulture) ?? "");
    private StatementCsv Add(Guid? id) => AddField(id?.ToString() ?? "");
    private StatementCsv Add(DateTimeOffset? time) => AddField(time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture) ?? "");
    private StatementCsv Add(Money? money) => Add(money?.AmountMinor).Add(money?.Currency);

    private StatementCsv AddField(string field)
    {
        _row.Append(field).Append(',');
        return this;
    }

    private void End()
    {
        _row.Length--;
        _row.Append("\r\n");
        foreach (var chunk in _row.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, output);
        _row.Clear();
    }
}
