using System.Diagnostics;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

[CollectionDefinition(Name, DisableParallelization = true)]
public static class Alone
{
    public const string Name = "alone: takes the machine for itself";
}

/// <summary>The chaos runner as every change must pass it: no invariant breaks, and the judge who says so finds what is broken.</summary>
[Collection(Alone.Name)]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Seed = 20;

    [Fact]
    public async Task Two_minutes_of_kills_and_pauses_break_no_invariant()
    {
        var (exitCode, report) = await Run("--minutes", "2", "--faults", "kill-silo,kill-gateway,kill-all,pause-5,pause-9,deliver-twice");

        Assert.True(exitCode == 0, report);
        Assert.Contains("| 8         | nothing stays in flight", report, StringComparison.Ordinal);
    }

    /// <summary>The lines between processes. Those of one grain's own flow are killed deterministically in FlowCrashTests and PayoutCrashTests.</summary>
    [Fact]
    public async Task A_kill_on_either_side_of_a_line_breaks_no_invariant()
    {
        string[] lines = ["claim", "purchase", "debit", "delivery", "credit", "payout", "payout-paid", "refund", "clawback", "giving"];

        var (exitCode, report) = await Run("--once", "--callers", "30", "--rate", "90", "--faults", string.Join(',', lines.Select(line => $"kill-at-{line}")));

        Assert.True(exitCode == 0, report);
        Assert.All(lines, line => Assert.Contains($"| kill-at-{line} ", report, StringComparison.Ordinal));
        Assert.Contains("of which 0 found nobody who passed", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("skip-fence", 3)]
    [InlineData("skip-credit-dedup", 4)]
    [InlineData("acknowledge-before-commit", 5)]
    [InlineData("lose-relay-batch", 8)]
    [InlineData("drop-origin", 4)]
    [InlineData("broken-session-goes-on", 3, 5)]
    [InlineData("lose-clawbacks", 4, 8)]
    [InlineData("claim-for-anybody", 5)]
    public async Task The_judge_finds_a_planted_bug(string bug, params int[] breaks)
    {
        var (exitCode, report) = await Run("--plant", bug);

        Assert.Equal(1, exitCode);
        var broken = report.Split('\n').Where(line => line.Contains("| BROKEN", StringComparison.Ordinal)).Select(line => int.Parse(line.Split('|')[1]));
        Assert.True(broken.Intersect(breaks).Any(), report);
    }

    private async Task<(int ExitCode, string Report)> Run(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("wallets-chaos-tests-");
        var program = Repository.Program("tests/Wallets.ChaosTests");
        var start = new ProcessStartInfo(program, ["--seed", $"{Seed}", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = folder.FullName;   // where a failed run keeps its history and logs; the report says what is needed of them
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_001_001);
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var report = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        output.WriteLine(report);
        folder.Delete(recursive: true);
        return (run.ExitCode, report + await errors);
    }
}
