using Wallets.Ledger.Accounts;

namespace Wallets.Ledger.Recognition;

/// <summary>A time over which gifts are added up: all time, a week from Monday, or a day of UTC. Its numbers are stored.</summary>
/// <param name="Span">0 all time, 1 week, 2 day.</param>
/// <param name="Number">Which week or day, counted since 1970; 0 for all time.</param>
public readonly record struct RecognitionSpan(int Span, int Number)
{
    /// <summary>Weeks and days that ended longer ago than this are forgotten.</summary>
    public const int KeptDays = 35;

    /// <summary>1 January 1970 was a Thursday, and the week of number 0 began three days before.</summary>
    internal const int DaysBeforeFirst = 3;

    private static readonly int FirstDay = DayAmount.DayOf(DateTimeOffset.UnixEpoch);

    public static RecognitionSpan AllTime => default;

    public static RecognitionSpan WeekOf(DateTimeOffset time) => new(1, (DayNumber(time) + DaysBeforeFirst) / 7);

    public static RecognitionSpan DayOf(DateTimeOffset time) => new(2, DayNumber(time));

    internal static int DayNumber(DateTimeOffset time) => DayAmount.DayOf(time) - FirstDay;
}
