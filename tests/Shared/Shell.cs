using System.ComponentModel;
using System.Diagnostics;

namespace Wallets.Tests.Shared;

/// <summary>Programs of the machine, run to their end.</summary>
internal static class Shell
{
    public static bool IsRoot => OperatingSystem.IsLinux() && Environment.UserName == "root";

    /// <summary>What a program prints; throws, with what it wrote, if it fails.</summary>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        var (code, output, errors) = await Try(program, arguments);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', arguments.Take(3))} ended with {code}: {output}{errors}");
    }

    /// <summary>As <see cref="Run"/>, for what may fail; 127 if the machine has no such program.</summary>
    public static async Task<(int Code, string Output, string Errors)> Try(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception missing)
        {
            return (127, "", missing.Message);
        }
    }

    /// <summary>Sends a signal, by the shell's own command: a bare machine has no other.</summary>
    public static Task Signal(int process, string signal) => Try("bash", "-c", $"kill -{signal} {process}");
}
