using System.Globalization;

namespace Wallets.Grains.Payouts;

/// <summary>Money of one currency as money of another.</summary>
public static class Currencies
{
    private const decimal GreatestRate = 1_000_000_000m;
    private static readonly HashSet<string> WithoutMinorUnit = ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
    private static readonly HashSet<string> OfThousands = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

    public static bool IsCode(string? currency) => currency is { Length: 3 } && currency.All(char.IsAsciiLetterUpper);

    /// <summary>Reads a rate: a positive plain decimal, at most a thousand million.</summary>
    public static bool TryParseRate(string? text, out decimal rate) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out rate) && rate is > 0 and <= GreatestRate;

    /// <summary>
    /// <paramref name="money"/> in <paramref name="currency"/> at <paramref name="rate"/> units for one, to the minor unit; a half is
    /// rounded down, so that conversion never pays more than the rate says.
    /// </summary>
    internal static Money Convert(Money money, string currency, decimal rate)
    {
        var amount = money.AmountMinor * rate;
        for (var digits = MinorDigits(money.Currency); digits < MinorDigits(currency); digits++) amount *= 10;
        for (var digits = MinorDigits(money.Currency); digits > MinorDigits(currency); digits--) amount /= 10;
        return new((long)Math.Ceiling(amount - 0.5m), currency);
    }

    private static int MinorDigits(string currency) => WithoutMinorUnit.Contains(currency) ? 0 : OfThousands.Contains(currency) ? 3 : 2;
}
