using Wallets.Ledger;

namespace Wallets.Server.Hosting;

/// <summary>
/// The folder of the embedded databases. A process holds it alone, because SQLite's ledger has one writer and one clock; the lock
/// is the operating system's, so a killed process leaves none behind.
/// </summary>
internal static class DataDirectory
{
    public static IDisposable? Claim(Settings settings)
    {
        if (settings.Database != Database.Sqlite) return null;
        FileStream claim;
        try
        {
            Directory.CreateDirectory(settings.DataDirectory);
            claim = new FileStream(Path.Combine(settings.DataDirectory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new BadConfigurationException($"Folder '{settings.DataDirectory}' cannot be used, or another server uses it; set Wallets:DataDirectory. ({fault.Message})");
        }
        Schema.MigrateSqlite(settings.LedgerFile, settings.StateFile);
        return claim;
    }
}
