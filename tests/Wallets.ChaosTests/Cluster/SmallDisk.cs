using System.Globalization;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests.Cluster;

/// <summary>A disk of its own for PostgreSQL, in memory, that can be filled to the last byte. Needs root; unmounted with the run.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const string Size = "3g";
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    private string Ballast => Path.Combine(_folder, "ballast");

    public static async Task<SmallDisk?> Mount(string folder)
    {
        Directory.CreateDirectory(folder);
        return Shell.IsRoot && (await Shell.Try("mount", "-t", "tmpfs", "-o", $"size={Size}", "wallets-chaos", folder)).Code == 0 ? new SmallDisk(folder) : null;
    }

    public async Task Fill()
    {
        var free = new DriveInfo(_folder).AvailableFreeSpace;
        await Shell.Try("fallocate", "-l", free.ToString(CultureInfo.InvariantCulture), Ballast);
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() => await Shell.Try("umount", _folder);
}
