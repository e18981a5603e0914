using Spectre.Console;

namespace Wallets.Benchmarks.Machine;

/// <summary>
/// Linux divides the processors among sessions first (autogroups), and a policy such as SCHED_IDLE counts only within one. Each of PostgreSQL's
/// processes is a session, so a gateway that should get what is left would get as much as the database. From <see cref="Off"/>
/// until it is disposed of, processes that start are all in one group. That takes root's rights.
/// </summary>
internal sealed class SessionGroups : IAsyncDisposable
{
    private const string Setting = "/proc/sys/kernel/sched_autogroup_enabled";
    private readonly string _before;

    private SessionGroups(string before) => _before = before;

    /// <summary>Null if there are no such groups, or they cannot be switched off, which it says.</summary>
    public static SessionGroups? Off()
    {
        if (!File.Exists(Setting) || File.ReadAllText(Setting) is not { } before || before.Trim() == "0") return null;
        try
        {
            File.WriteAllText(Setting, "0");
            return Leftovers.Add(new SessionGroups(before));
        }
        catch (UnauthorizedAccessException)
        {
            AnsiConsole.MarkupLine("[yellow]Gateway and viewers get more than what is left: it takes root to switch autogroups off.[/]");
            return null;
        }
    }

    public ValueTask DisposeAsync()
    {
        Leftovers.Remove(this);
        File.WriteAllText(Setting, _before);
        return ValueTask.CompletedTask;
    }
}
