namespace Wallets;

/// <summary>
/// Gifter levels, by the coins that a wallet has sent in its life less those of gifts refunded: level n takes 100 × (n − 1)³ coins.
/// And levels within a creator's fan club, by the coins sent to that creator: level n takes 100 × n², the first one being membership.
/// </summary>
public static class Levels
{
    public const int Highest = 50;
    public const int HighestOfFans = 20;

    private static readonly string[] Badges = ["bronze", "silver", "gold", "platinum", "ruby", "crown"];

    /// <summary>The coins that a level takes, 1 to <see cref="Highest"/>.</summary>
    public static long CoinsFor(int level) => 100L * (level - 1) * (level - 1) * (level - 1);

    /// <summary>The coins that a level within a fan club takes, 1 to <see cref="HighestOfFans"/>.</summary>
    public static long CoinsForFan(int level) => 100L * level * level;

    public static int Of(long coins)
    {
        var level = 1;
        while (level < Highest && coins >= CoinsFor(level + 1)) level++;
        return level;
    }

    /// <summary>0 for who is no member.</summary>
    public static int OfFan(long coins)
    {
        var level = 0;
        while (level < HighestOfFans && coins >= CoinsForFan(level + 1)) level++;
        return level;
    }

    /// <summary>A badge for each ten levels; the highest level has one of its own.</summary>
    public static string BadgeOf(int level) => Badges[level / 10];
}
