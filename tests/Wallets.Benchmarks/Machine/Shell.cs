using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Wallets.Benchmarks.Machine;

/// <summary>Programs that are run and waited for, and ports that are free.</summary>
internal static class Shell
{
    // Apart from those of the tests and the chaos runner, and below those that outgoing connections take.
    private const int FirstPort = 28_000;
    private const int PortBlocks = 40;
    private const int BlockSize = 100;
    private static readonly int[] OffsetsUsed = [0, 1, 2, 11, 12, 13, 21, 22, 23, 31, 32, 33];
    private static int _nextBlock = Environment.ProcessId;

    /// <summary>Runs a program to its end; throws, with what it wrote, if it fails.</summary>
    public static async Task Run(string program, params string[] arguments)
    {
        var (code, output, errors) = await RunToEnd(program, arguments);
        if (code != 0) throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', arguments.Take(2))} failed: {errors}{output}");
    }

    /// <summary>What a program prints; empty if it fails.</summary>
    public static async Task<string> Read(string program, params string[] arguments)
    {
        var (code, output, _) = await RunToEnd(program, arguments);
        return code == 0 ? output.Trim() : "";
    }

    /// <summary>The first of a hundred ports of which the ones that clusters take are free.</summary>
    public static int FreePorts()
    {
        for (var tried = 0; tried < PortBlocks; tried++)
        {
            var first = FirstPort + ++_nextBlock % PortBlocks * BlockSize;
            if (OffsetsUsed.All(offset => IsFree(first + offset))) return first;
        }
        throw new InvalidOperationException($"No free ports between {FirstPort} and {FirstPort + PortBlocks * BlockSize}.");
    }

    private static async Task<(int Code, string Output, string Errors)> RunToEnd(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
