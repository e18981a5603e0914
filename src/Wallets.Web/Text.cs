using System.Globalization;

namespace Wallets.Web;

/// <summary>How amounts and times are written on the pages: in English, in UTC.</summary>
internal static class Text
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    public static string Of(long amount) => amount.ToString("N0", English);

    public static string Of(Coins coins) => Of(coins.Value);

    public static string Of(Diamonds diamonds) => Of(diamonds.Value);

    public static string Of(Money money) => Cents(money.AmountMinor, money.Currency);

    /// <summary>Minor units as people write them. Currencies without two decimals are written in their minor unit.</summary>
    public static string Cents(long minor, string currency)
    {
        if (currency is "JPY" or "KRW") return $"{Of(minor)} {currency}";
        var sign = minor < 0 ? "−" : "";
        var amount = (Math.Abs((decimal)minor) / 100).ToString("N2", English);
        return currency == "USD" ? $"{sign}${amount}" : $"{sign}{amount} {currency}";
    }

    /// <summary>What coins cost when bought as this pack.</summary>
    public static string About(Coins coins, CoinPack? pack)
    {
        if (pack is null) return "";
        var cents = (decimal)coins.Value * pack.Price.AmountMinor / (pack.Coins.Value + pack.BonusCoins.Value);
        return $"≈ {Cents((long)Math.Max(1, Math.Round(cents)), pack.Price.Currency)}";
    }

    /// <summary>A viewer in front of others, where those who give anonymously have no name.</summary>
    public static string Name(string? userId) => userId ?? "Somebody";

    public static string Day(DateTimeOffset time) => time.ToUniversalTime().ToString("d MMM", English);

    public static string Minute(DateTimeOffset time) => time.ToUniversalTime().ToString("d MMM, HH:mm", English) + " UTC";

    public static string Duration(double seconds) => seconds switch
    {
        0 => "–",
        < 0.001 => $"{(seconds * 1_000_000).ToString("0", English)} µs",
        < 1 => $"{(seconds * 1_000).ToString("0.0", English)} ms",
        < 120 => $"{seconds.ToString("0.0", English)} s",
        _ => $"{(seconds / 60).ToString("0", English)} min",
    };

    /// <summary>A gift's picture; one that is not known here is a parcel.</summary>
    public static string Picture(string giftId) => Pictures.GetValueOrDefault(giftId, "🎁");

    /// <summary>A kind of statement line, as a person would say it.</summary>
    public static string Words(string code) => code.Length == 0 ? "" : char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');

    private static readonly Dictionary<string, string> Pictures = new()
    {
        ["rose"] = "🌹",
        ["heart"] = "❤️",
        ["thumbs-up"] = "👍",
        ["smile"] = "😊",
        ["coffee"] = "☕",
        ["ice-cream"] = "🍦",
        ["doughnut"] = "🍩",
        ["perfume"] = "🧴",
        ["paper-crane"] = "🕊️",
        ["confetti"] = "🎉",
        ["cap"] = "🧢",
        ["bouquet"] = "💐",
        ["love-letter"] = "💌",
        ["sunglasses"] = "🕶️",
        ["hat-and-tails"] = "🎩",
        ["guitar"] = "🎸",
        ["fireworks"] = "🎆",
        ["disco"] = "🪩",
        ["swan"] = "🦢",
        ["train"] = "🚂",
        ["sports-car"] = "🏎️",
        ["rocket"] = "🚀",
        ["castle"] = "🏰",
        ["universe"] = "🌌",
    };
}
