using System.Diagnostics;

namespace Wallets.ChaosTests.Cluster;

/// <summary>Programs of the machine that the runner needs.</summary>
internal static class Shell
{
    /// <summary>Runs to the end and gives the output; throws if it fails.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var (code, output, errors) = Try(program, arguments);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors}");
    }

    public static (int Code, string Output, string Errors) Try(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.Result);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (127, "", missing.Message);
        }
    }

    public static bool IsRoot => OperatingSystem.IsLinux() && Environment.UserName == "root";
}
