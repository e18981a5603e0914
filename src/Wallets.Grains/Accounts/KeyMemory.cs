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

    private readonly Queue<Entry> _latest = new();
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
        _latest.Enqueue(entry);
        if (_latest.Count <= Capacity) return;

        _coveredSince = _latest.Dequeue().RecordedAt;
        _holdsAll = false;
    }

    /// <summary>A key that was taken for new was not.</summary>
    public void Distrust() => _distrusts = true;

    /// <summary>The entry of a key that was used lately, or null.</summary>
    public Entry? Find(Guid key)
    {
        foreach (var known in _latest)
            if (known.TransferId == key) return known;
        return null;
    }

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
}
