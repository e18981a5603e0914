namespace Wallets.Tests.Shared;

/// <summary>The folder that the sources are in, and what was built from them with this program.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The server, built in the same configuration.</summary>
    public static string Server => Program("src/Wallets.Server");

    public static string File(string path) => Path.Combine(Root, path);

    /// <summary>What this program was built as, from the folder it was built into: Debug or Release.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The program of a project, built in the same configuration.</summary>
    public static string Program(string project) => File(Path.Combine(project, "bin", Configuration, "net10.0", Path.GetFileName(project)));

    /// <summary>The version of the sources, and whether they were changed since.</summary>
    public static async Task<string> Commit()
    {
        var (code, head, _) = await Shell.Try("git", "-C", Root, "rev-parse", "--short", "HEAD");
        if (code != 0) return "unknown";
        var changes = await Shell.Run("git", "-C", Root, "status", "--porcelain", "--untracked-files=no");
        return changes.Length == 0 ? head.Trim() : head.Trim() + " with changes";
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Wallets.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("This program does not run inside the repository.");
    }
}
