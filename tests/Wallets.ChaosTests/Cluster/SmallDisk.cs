using System.Globalization;

namespace Wallets.ChaosTests.Cluster;

/// <summary>A disk of its own for PostgreSQL, in memory, that can be filled to the last byte. Needs root; unmounted with the run.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Size = "3g";
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    private string Ballast => Path.Combine(_folder, "ballast");

    public static SmallDisk? Mount(string folder)
    {
        Directory.CreateDirectory(folder);
        return Shell.IsRoot && Shell.Try("mount", "-t", "tmpfs", "-o", $"size={Size}", "wallets-chaos", folder).Code == 0 ? new SmallDisk(folder) : null;
    }

    public void Fill()
    {
        var free = new DriveInfo(_folder).AvailableFreeSpace;
        Shell.Try("fallocate", "-l", free.ToString(CultureInfo.InvariantCulture), Ballast);
    }

    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        Shell.Try("umount", _folder);
    }
}
