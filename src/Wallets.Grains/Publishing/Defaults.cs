namespace Wallets.Grains.Publishing;

/// <summary>
/// What a new installation sells and pays: the field's usual packs and price points, and half of a coin's face value for the creator.
/// </summary>
internal static class Defaults
{
    private static readonly string[] Stores = ["apple", "google", "dev"];
    private static readonly string[] Web = ["web", "dev"];

    /// <summary>Stores keep 30 %, a web checkout about 3 %, so the web gives a third more coins for the same price.</summary>
    public static CoinPack[] Packs =>
    [
        Pack("coins-65", 65, 99, Stores),
        Pack("coins-330", 330, 499, Stores),
        Pack("coins-1321", 1_321, 1_999, Stores),
        Pack("coins-16500", 16_500, 24_999, Stores),
        Pack("web-87", 87, 99, Web),
        Pack("web-440", 440, 499, Web),
        Pack("web-1760", 1_760, 1_999, Web),
        Pack("web-22000", 22_000, 24_999, Web),
    ];

    private static Gift[] Gifts =>
    [
        Emoji("rose", "Rose", 1), Emoji("heart", "Heart", 1), Emoji("thumbs-up", "Thumbs up", 2), Emoji("smile", "Smile", 5),
        Emoji("coffee", "Coffee", 5), Emoji("ice-cream", "Ice cream", 10), Emoji("doughnut", "Doughnut", 20), Emoji("perfume", "Perfume", 20),
        Emoji("paper-crane", "Paper crane", 30),
        Sticker("confetti", "Confetti", 50), Sticker("cap", "Cap", 99), Sticker("bouquet", "Bouquet", 100), Sticker("love-letter", "Love letter", 150),
        Sticker("sunglasses", "Sunglasses", 199), Sticker("hat-and-tails", "Hat and tails", 299), Sticker("guitar", "Guitar", 400), Sticker("fireworks", "Fireworks", 500),
        Animation("disco", "Disco", 1_000), Animation("swan", "Swan", 1_500), Animation("train", "Night train", 3_000), Animation("sports-car", "Sports car", 7_000),
        Animation("rocket", "Rocket", 15_000), Animation("castle", "Castle", 25_000), Animation("universe", "Universe", 44_999),
    ];

    public static CatalogVersion Catalog => new(1, DateTimeOffset.UnixEpoch, Gifts, Act: null);

    public static RateCard RateCard => new(
        Version: 1,
        EffectiveFrom: DateTimeOffset.UnixEpoch,
        CoinToDiamond: new Ratio(Diamonds: 1, Coins: 2),
        DiamondValue: new Money(1, "USD"),
        ChannelFees: [new("apple", 3_000), new("google", 3_000), new("web", 300), new("dev", 0)]);

    private static CoinPack Pack(string id, long coins, long cents, string[] channels) => new(id, new(coins), Coins.Zero, new(cents, "USD"), channels);
    private static Gift Emoji(string id, string name, long price) => new(id, name, "emoji", new(price));
    private static Gift Sticker(string id, string name, long price) => new(id, name, "sticker", new(price));
    private static Gift Animation(string id, string name, long price) => new(id, name, "animation", new(price), price >= 15_000 ? "full" : price >= 3_000 ? "large" : "small");
}
