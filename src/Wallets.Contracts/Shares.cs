namespace Wallets;

/// <summary>Whole amounts, divided so that the parts always add up to the whole.</summary>
public static class Shares
{
    /// <summary>
    /// Divides <paramref name="total"/> in proportion to <paramref name="weights"/> by the method of the largest remainder: each part is
    /// its exact share rounded down, and what is left goes one by one to the largest fractions, the earlier part first of equals.
    /// </summary>
    /// <param name="total">Zero or more.</param>
    /// <param name="weights">Zero or more each, not all zero.</param>
    public static long[] Split(long total, params ReadOnlySpan<long> weights)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(total);
        Int128 sum = 0;
        foreach (var weight in weights)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weight);
            sum += weight;
        }
        if (sum == 0) throw new ArgumentException("Nothing can be divided by weights that are all zero.", nameof(weights));

        var parts = new long[weights.Length];
        var remainders = new Int128[weights.Length];
        var left = total;
        for (var i = 0; i < parts.Length; i++)
        {
            var (part, remainder) = Int128.DivRem((Int128)total * weights[i], sum);
            (parts[i], remainders[i]) = ((long)part, remainder);
            left -= parts[i];
        }
        foreach (var i in Enumerable.Range(0, parts.Length).OrderByDescending(i => remainders[i]).Take((int)left)) parts[i]++;
        return parts;
    }
}
