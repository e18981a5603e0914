using Npgsql;
using Wallets.Ledger;
using Wallets.Server.Hosting;

namespace Wallets.Server.Commands;

/// <summary>Applies the scripts that the database lacks. Safe to run again, and before every start.</summary>
internal static class MigrateCommand
{
    public static Task<int> Run(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Read(builder.Configuration, builder.Environment);
        if (settings.Database != Database.Postgres)
            throw new BadConfigurationException("Set Wallets:Database=postgres: SQLite is migrated by the server itself.");

        var applicationRole = new NpgsqlConnectionStringBuilder(settings.RequireConnectionString()).Username
            ?? throw new BadConfigurationException("Name the application's role in ConnectionStrings:Wallets (Username=…).");
        var applied = Schema.MigratePostgres(settings.RequireOwnerConnectionString(), applicationRole, settings.GatewayDatabaseRole);
        foreach (var script in applied) Console.WriteLine($"applied {script}");
        Console.WriteLine(applied.Count == 0 ? "nothing to apply" : $"{applied.Count} scripts applied");
        return Task.FromResult(0);
    }
}
