using System.Diagnostics;

namespace Wallets.Tests.Shared;

/// <summary>deploy/local-cluster.sh as a user runs it.</summary>
internal static class ClusterScript
{
    /// <summary>Starts a cluster and waits until it is ready; throws what the script wrote if it does not start.</summary>
    public static async Task<Process> Start(IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(Repository.File("deploy/local-cluster.sh")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        while (await script.StandardOutput.ReadLineAsync() is { } line)
            if (line == "ready") return script;
        throw new InvalidOperationException($"The cluster did not start: {await errors}");
    }

    /// <summary>Stops a cluster as Ctrl-C does, and waits until the script says that all is stopped.</summary>
    public static async Task Stop(Process script)
    {
        if (!script.HasExited) await Shell.Signal(script.Id, "TERM");
        await script.WaitForExitAsync();
        script.Dispose();
    }

    /// <summary>The passwords that the script made, by name.</summary>
    public static IReadOnlyDictionary<string, string> Secrets(string folder) =>
        File.ReadAllLines(Path.Combine(folder, "secrets")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
}
