namespace Wallets.Benchmarks.Machine;

/// <summary>A temporary folder that the database's user may pass through; gone when this is disposed.</summary>
internal sealed class Workspace : IDisposable
{
    public Workspace()
    {
        Folder = Directory.CreateTempSubdirectory("wallets-benchmark-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Folder, (UnixFileMode)0b111_001_001);
    }

    public string Folder { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
