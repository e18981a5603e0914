using System.Globalization;
using Npgsql;

namespace Wallets.Benchmarks.Machine;

/// <summary>
/// A running temporary PostgreSQL cluster (deploy/postgres/temporary.sh), with default settings and full durability, and what can
/// be asked of it as its superuser.
/// </summary>
internal sealed class PostgresServer(string folder, int port, string password, string database)
{
    private const int LogFiles = 64;

    /// <summary>As the superuser, for schemas, seeds and sizes.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={port};Database={database};Username=superuser;Password={password};Include Error Detail=true";

    /// <summary>The postmaster; every other process of the database is its child.</summary>
    public int Pid => int.Parse(File.ReadLines(Path.Combine(folder, "data/postmaster.pid")).First(), CultureInfo.InvariantCulture);

    public async Task Execute(string sql, int timeoutSeconds = 600)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = timeoutSeconds };
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> Scalar<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 60 };
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>
    /// Makes it a server that has run for a while: its write-ahead log is written into files that are there. A new server stops every
    /// commit for most of a tenth of a second each time it makes one of 16 MB.
    /// </summary>
    public async Task AgeLog()
    {
        await Execute("ALTER SYSTEM SET min_wal_size = '1GB'");
        await Execute("SELECT pg_reload_conf()");
        for (var i = 0; i < LogFiles; i++) await Execute("SELECT pg_logical_emit_message(false, '', repeat('x', 16000000))");
        await Execute("CHECKPOINT");
    }

    /// <summary>Bytes of write-ahead log since the cluster was made.</summary>
    public Task<long> WalBytes() => Scalar<long>("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint");

    /// <summary>Bytes of all tables with their indexes and long values.</summary>
    public Task<long> TableBytes() => Scalar<long>("SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_stat_user_tables");

    /// <summary>The settings that decide about durability and speed, as the server says them. Throws if it is not durable.</summary>
    public async Task<string> DescribeDurably()
    {
        var settings = await Scalar<string>(
            """
            SELECT 'PostgreSQL ' || current_setting('server_version') || ': ' || string_agg(name || '=' || current_setting(name), ', ' ORDER BY name)
            FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'shared_buffers', 'max_wal_size', 'max_connections')
            """);
        foreach (var needed in (string[])["fsync=on", "synchronous_commit=on", "full_page_writes=on"])
            if (!settings.Contains(needed, StringComparison.Ordinal)) throw new InvalidOperationException($"The database is not durable: {settings}");
        return settings;
    }
}
