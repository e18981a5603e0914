using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Says of a key whether the account may hold it already, so that a fresh key costs no read, and neither does one that was used
/// a moment ago. Remembers the account's latest entries; of an older key it judges by the time in a UUIDv7. That time is the
/// caller's word: a wrong guess costs a conflict in the database, never a second effect, and after the first one every unknown
/// key is looked up.
/// </summary>
internal sealed class KeyMemory
{
    private const int Capacity = 16;

    private readonly List<Guid> _keys = new(1);   // of those beside it: each gift looks at all of them
    private readonly List<Remembered> _latest = new(1);   // a ring, once it is full
    private int _oldest;
    private bool _holdsAll = true;
    private bool _distrusts;
    private DateTimeOffset _coveredSince;

    /// <summary>The keys of a snapshot's entries are not known; only what comes after it is.</summary>
    public void StartAfter(AccountState snapshot)
    {
        _holdsAll = snapshot.Seq == 0;
        _coveredSince = snapshot.LastRecordedAt;
    }

    public void Add(Entry entry)
    {
        if (_latest.Count < Capacity)
        {
            _keys.Add(entry.TransferId);
            _latest.Add(new Remembered(entry));
            return;
        }
        _coveredSince = _latest[_oldest].RecordedAt;
        _holdsAll = false;
        _keys[_oldest] = entry.TransferId;
        _latest[_oldest] = new Remembered(entry);
        _oldest = (_oldest + 1) % Capacity;
    }

    /// <summary>A key that was taken for new was not.</summary>
    public void Distrust() => _distrusts = true;

    /// <summary>The entry of a key that was used lately, or null.</summary>
    public Entry? Find(Guid key) => _keys.IndexOf(key) is var at and >= 0 ? _latest[at].ToEntry(key) : null;

    /// <summary>Whether a key that is not remembered may be the account's all the same.</summary>
    public bool MayHold(Guid key) => !_holdsAll && (_distrusts || !IsNewerThan(key, _coveredSince));

    private static bool IsNewerThan(Guid key, DateTimeOffset time)
    {
        if (key.Version != 7) return false;
        Span<byte> bytes = stackalloc byte[16];
        key.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = ((long)bytes[0] << 40) | ((long)bytes[1] << 32) | ((long)bytes[2] << 24) | ((long)bytes[3] << 16) | ((long)bytes[4] << 8) | bytes[5];
        return milliseconds > time.ToUnixTimeMilliseconds();
    }

    /// <summary>
    /// An entry without objects of its own: references from old wallets to young entries are what makes a collection long, and every
    /// gift would leave two.
    /// </summary>
    private readonly struct Remembered(Entry entry)
    {
        private readonly long _accountId = entry.AccountId;
        private readonly long _seq = entry.Seq;
        private readonly long _amount = entry.Amount;
        private readonly long _balanceAfter = entry.BalanceAfter;
        private readonly long _counterparty = entry.Counterparty;
        private readonly EntryKind _kind = entry.Kind;
        private readonly int _quantity = entry.Gift?.Quantity ?? 0;
        private readonly int _rateVersion = entry.Gift?.RateVersion ?? 0;
        private readonly long _diamonds = entry.Gift?.Diamonds ?? 0;
        private readonly Guid _streamId = entry.Gift?.StreamId ?? default;
        private readonly string? _giftId = entry.Gift?.GiftId;   // the catalogue's own, as old as it
        private readonly EntryDetail? _detail = entry.Detail;

        public DateTimeOffset RecordedAt { get; } = entry.RecordedAt;

        public Entry ToEntry(Guid key) => new()
        {
            AccountId = _accountId,
            Seq = _seq,
            TransferId = key,
            Kind = _kind,
            Amount = _amount,
            BalanceAfter = _balanceAfter,
            Counterparty = _counterparty,
            RecordedAt = RecordedAt,
            Gift = _giftId is null ? null : new GiftFacts(_streamId, _giftId, _quantity, _diamonds, _rateVersion),
            Detail = _detail,
        };
    }
}
