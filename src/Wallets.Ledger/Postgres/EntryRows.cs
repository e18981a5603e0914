using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Wallets.Ledger.Postgres;

/// <summary>
/// Entries as the bytes of a binary COPY: "Binary Format" in PostgreSQL's manual of COPY. Made here, because a driver that looks at each of a
/// gift's twenty values and sends eight kilobytes at a time was a twelfth of what a gift costs a silo.
/// </summary>
internal sealed class EntryRows : IDisposable
{
    /// <summary>What takes the rows; the database stamps each with the start of its transaction.</summary>
    public const string Copy =
        """
        COPY entries (account_id, seq, transfer_id, amount, balance_after, counterparty, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail)
        FROM STDIN (FORMAT BINARY)
        """;

    private const short Columns = 13;
    private const int UsualRow = 192;

    private byte[] _bytes;
    private int _length;

    public EntryRows(IReadOnlyCollection<Entry> entries)
    {
        _bytes = ArrayPool<byte>.Shared.Rent(UsualRow * (1 + entries.Count));
        Put("PGCOPY\n"u8);
        Put([0xFF, (byte)'\r', (byte)'\n', 0]);
        Put(0);   // no flags
        Put(0);   // nothing more before the rows
        foreach (var entry in entries) Add(entry);
        Put((short)-1);   // the end
    }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void Add(Entry entry)
    {
        Put(Columns);
        Value(entry.AccountId);
        Value(entry.Seq);
        Value(entry.TransferId);
        Value(entry.Amount);
        Value(entry.BalanceAfter);
        Value(entry.Counterparty);
        Value((short)entry.Kind);
        if (entry.Gift is { } gift)
        {
            Value(gift.RateVersion);
            Value(gift.Quantity);
            Value(gift.Diamonds);
            Value(gift.StreamId);
            Value(gift.GiftId);
        }
        else
        {
            for (var i = 0; i < 5; i++) Null();
        }
        if (entry.Detail is { } detail) Json(EntryJson.Write(detail));
        else Null();
    }

    private void Null() => Put(-1);

    private void Value(short value)
    {
        Put(sizeof(short));
        Put(value);
    }

    private void Value(int value)
    {
        Put(sizeof(int));
        Put(value);
    }

    private void Value(long value)
    {
        Put(sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(Next(sizeof(long)), value);
    }

    private void Value(Guid value)
    {
        Put(16);
        value.TryWriteBytes(Next(16), bigEndian: true, out _);
    }

    private void Value(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Put(length);
        Encoding.UTF8.GetBytes(value, Next(length));
    }

    private void Json(string value)
    {
        const byte version = 1;
        var length = Encoding.UTF8.GetByteCount(value);
        Put(1 + length);
        Put([version]);
        Encoding.UTF8.GetBytes(value, Next(length));
    }

    private void Put(short value) => BinaryPrimitives.WriteInt16BigEndian(Next(sizeof(short)), value);
    private void Put(int value) => BinaryPrimitives.WriteInt32BigEndian(Next(sizeof(int)), value);
    private void Put(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Next(bytes.Length));

    private Span<byte> Next(int length)
    {
        if (_bytes.Length - _length < length) Grow(_length + length);
        var next = _bytes.AsSpan(_length, length);
        _length += length;
        return next;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _bytes.Length, needed));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
