namespace Wallets.Tests.Infrastructure;

internal static class Eventually
{
    /// <summary>Awaits a condition; says what was seen last if it does not come true in time.</summary>
    public static async Task<T> Is<T>(Func<Task<T>> look, Func<T, bool> condition, double withinSeconds = 20)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var seen = await look();
            if (condition(seen)) return seen;
            if (TimeProvider.System.GetElapsedTime(deadline).TotalSeconds > withinSeconds) throw new TimeoutException($"After {withinSeconds} s still: {seen}");
            await Task.Delay(20);
        }
    }
}
