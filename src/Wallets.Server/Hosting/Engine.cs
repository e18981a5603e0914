using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Ledger.Postgres;
using Wallets.Ledger.Sqlite;

namespace Wallets.Server.Hosting;

/// <summary>The one place that knows which engine the settings mean.</summary>
internal static class Engine
{
    public static ILedger Create(Settings settings, TimeProvider time) => settings.Database switch
    {
        Database.Postgres => new PostgresLedger(settings.RequireConnectionString(), settings.Writers),
        _ => new SqliteLedger(settings.LedgerFile, time),
    };

    public static StateStorage State(Settings settings) => settings.Database switch
    {
        Database.Postgres => StateStorage.Postgres(settings.RequireConnectionString()),
        _ => StateStorage.Sqlite(settings.StateFile),
    };
}
