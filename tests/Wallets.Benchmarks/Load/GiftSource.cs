using System.Buffers.Binary;

namespace Wallets.Benchmarks.Load;

/// <summary>One gift of one coin: what every contender is asked to move.</summary>
/// <param name="Key">The idempotency key, a UUIDv7.</param>
/// <param name="Wallet">From 0; the sender.</param>
/// <param name="Creator">From 0; the receiver.</param>
internal readonly record struct DrawnGift(Guid Key, int Wallet, int Creator)
{
    public const long Coins = 1;
    public const long Diamonds = 1;   // half a diamond a coin, and never less than one
}

/// <summary>Who takes part.</summary>
internal sealed record Population(int Wallets, int Creators)
{
    /// <summary>What every wallet is funded with: more than any run can send.</summary>
    public const long Funds = 1_000_000_000;
}

/// <summary>Whom the gifts go to.</summary>
internal enum Distribution
{
    /// <summary>Each creator as likely as the other.</summary>
    Uniform,
    /// <summary>The n-th creator with weight 1/n.</summary>
    Zipf,
    /// <summary>All gifts to one creator.</summary>
    Hot,
}

/// <summary>
/// Draws gifts: senders uniformly, receivers by the distribution, keys fresh. The same seed draws the same senders and receivers.
/// One per worker; not to be shared.
/// </summary>
internal sealed class GiftSource(Population population, Distribution distribution, int seed)
{
    private static readonly Dictionary<int, double[]> ZipfTables = [];
    private readonly Random _random = new(seed);
    private readonly double[] _zipf = distribution == Distribution.Zipf ? ZipfTable(population.Creators) : [];

    public DrawnGift Next() => new(NextKey(), _random.Next(population.Wallets), NextCreator());

    public void Fill(Span<DrawnGift> gifts)
    {
        for (var i = 0; i < gifts.Length; i++) gifts[i] = Next();
    }

    /// <summary>A UUIDv7 without the kernel's randomness, which was asked for by a call for each key: an eighth of the generator's time.</summary>
    private static Guid NextKey()
    {
        Span<byte> key = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(key, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() << 16 | 0x7000 | (long)Random.Shared.Next(0x1000));
        BinaryPrimitives.WriteInt64BigEndian(key[8..], Random.Shared.NextInt64() >> 1 | long.MinValue);
        return new Guid(key, bigEndian: true);
    }

    private int NextCreator()
    {
        switch (distribution)
        {
            case Distribution.Uniform:
                return _random.Next(population.Creators);
            case Distribution.Zipf:
                var found = Array.BinarySearch(_zipf, _random.NextDouble() * _zipf[^1]);
                return found >= 0 ? found : ~found;
            default:
                return 0;
        }
    }

    /// <summary>The sums of 1/1, 1/2, 1/3 … up to the n-th.</summary>
    private static double[] ZipfTable(int size)
    {
        lock (ZipfTables)
        {
            if (ZipfTables.TryGetValue(size, out var known)) return known;
            var table = new double[size];
            var sum = 0.0;
            for (var i = 0; i < size; i++) table[i] = sum += 1.0 / (i + 1);
            return ZipfTables[size] = table;
        }
    }
}
