namespace Wallets.Benchmarks.Machine;

/// <summary>Where the sources are, which version they are, and what this machine is.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The server that was built with this program, in the same configuration.</summary>
    public static string Server
    {
        get
        {
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
            return Path.Combine(Root, "src/Wallets.Server/bin", configuration, "net10.0/Wallets.Server");
        }
    }

    public static async Task<string> Commit()
    {
        var head = await Shell.Read("git", "-C", Root, "rev-parse", "--short", "HEAD");
        var changes = await Shell.Read("git", "-C", Root, "status", "--porcelain", "--untracked-files=no");
        return head.Length == 0 ? "unknown" : changes.Length == 0 ? head : head + " with changes";
    }

    public static string DescribeMachine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30);
        return $"{Environment.ProcessorCount} cores ({model}), {memory} GiB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}";
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Wallets.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The benchmark does not run inside the repository.");
    }
}
