using System.Diagnostics;

namespace Wallets.ChaosTests.Node;

/// <summary>
/// What the runner wants of the nodes, as files in a folder that both know: a file named like a point kills the first process that
/// passes it, a file named like a switch is on while it is there. Which bug is planted is fixed when the process starts.
/// </summary>
internal sealed class Control(string folder, Bug? bug)
{
    public const string FolderVariable = "WALLETS_CHAOS_FOLDER";
    public const string BugVariable = "WALLETS_CHAOS_BUG";
    public const string DeliverTwice = "deliver-twice";

    /// <summary>
    /// Where processes can be told to die, by the line that lies between: a commit, or a call from one grain to another. Each side of a
    /// line kills the first process that comes to it.
    /// </summary>
    public static IReadOnlyList<(string Line, string[] Points)> Lines { get; } =
    [
        ("claim", ["after-claim"]), Commit("purchase"), Commit("debit"), ("delivery", ["credit-arrives", "credit-answered"]), Commit("credit"),
        Commit("payout"), Commit("payout-paid"), Commit("payout-returned"), Commit("refund"), Commit("clawback"), Commit("refund-reversed"), Commit("clawback-reversed"),
        ("giving", ["grant-arrives", "grant-answered"]), Commit("grant"), Commit("expiry"), Commit("adjustment"), Commit("standing"),
    ];

    public Bug? Bug => bug;

    public static Control OfThisProcess() => new(
        Environment.GetEnvironmentVariable(FolderVariable)!,
        Enum.TryParse<Bug>(Environment.GetEnvironmentVariable(BugVariable), out var bug) ? bug : null);

    private static (string, string[]) Commit(string line) => (line, [$"before-{line}", $"after-{line}"]);

    public bool IsOn(string name) => File.Exists(Path.Combine(folder, name));

    public void Turn(string name, bool on)
    {
        if (on) File.WriteAllText(Path.Combine(folder, name), "");
        else File.Delete(Path.Combine(folder, name));
    }

    /// <summary>Dies here, as from kill -9, if this is the first process to pass an armed point.</summary>
    public void Pass(string point)
    {
        var armed = Path.Combine(folder, point);
        if (!File.Exists(armed)) return;
        try
        {
            File.Move(armed, $"{armed}.{Environment.ProcessId}");
        }
        catch (IOException)
        {
            return;   // another process was first
        }
        using var self = Process.GetCurrentProcess();
        self.Kill();
        new ManualResetEventSlim().Wait();   // nothing more is done here until the signal takes effect
    }
}
