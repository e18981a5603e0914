using System.Reflection;
using DbUp;
using DbUp.Builder;
using DbUp.Engine.Output;
using DbUp.Sqlite.Helpers;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Wallets.Ledger;

/// <summary>Brings databases to the present schema. Scripts are applied once, in the order of their names, and never edited later.</summary>
public static class Schema
{
    /// <summary>Migrates PostgreSQL as its owner; the application's role only gets grants. Returns the scripts applied.</summary>
    /// <param name="ownerConnectionString">Of the role that owns the tables.</param>
    /// <param name="applicationRole">The role that silos connect as.</param>
    /// <param name="gatewayRole">The role that gateways connect as; granted nothing if it does not exist.</param>
    public static IReadOnlyList<string> MigratePostgres(string ownerConnectionString, string applicationRole, string gatewayRole) => Run(
        DeployChanges.To.PostgresqlDatabase(new NpgsqlConnectionStringBuilder(ownerConnectionString) { Pooling = false }.ToString())
            .WithVariable("app", Quote(applicationRole))
            .WithVariable("gateway", Quote(gatewayRole)),
        "Postgres");

    /// <summary>Makes or migrates the embedded ledger and the embedded grain state in a folder. Returns the scripts applied.</summary>
    public static IReadOnlyList<string> MigrateSqlite(string ledgerFile, string stateFile) =>
        [.. MigrateSqliteFile(ledgerFile, "Sqlite"), .. MigrateSqliteFile(stateFile, "Sqlite.State")];

    private static IReadOnlyList<string> MigrateSqliteFile(string file, string folder)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        using var wal = connection.CreateCommand();
        wal.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
        wal.ExecuteNonQuery();
        using var shared = new SharedConnection(connection);
        return Run(DeployChanges.To.SqliteDatabase(shared), folder);
    }

    private static IReadOnlyList<string> Run(UpgradeEngineBuilder builder, string folder)
    {
        var prefix = $"{typeof(Schema).Namespace}.{folder}.0";
        var result = builder
            .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly(), name => name.StartsWith(prefix, StringComparison.Ordinal))
            .WithTransactionPerScript()
            .LogTo(new NoOpUpgradeLog())
            .Build()
            .PerformUpgrade();
        return result.Successful
            ? [.. result.Scripts.Select(script => script.Name)]
            : throw new InvalidOperationException($"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
    }

    /// <summary>Role names go into scripts as they are, so only plain ones are taken.</summary>
    private static string Quote(string role) =>
        role.Length is > 0 and <= 63 && role.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') && !char.IsAsciiDigit(role[0])
            ? role
            : throw new ArgumentException($"'{role}' is not a plain lower-case role name.", nameof(role));
}
