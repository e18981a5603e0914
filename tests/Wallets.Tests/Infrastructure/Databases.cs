using System.Security.Cryptography;
using Npgsql;
using Wallets.Grains;
using Wallets.Ledger;
using Wallets.Ledger.Postgres;
using Wallets.Ledger.Sqlite;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

[assembly: AssemblyFixture(typeof(Databases))]

namespace Wallets.Tests.Infrastructure;

public enum Engine
{
    Postgres,
    Sqlite,
}

/// <summary>
/// Real databases for the tests: a PostgreSQL cluster of the run's own, started when the first test asks for it, in which each test
/// gets a database of its own from a migrated template; and SQLite files in the run's folder.
/// </summary>
public sealed class Databases : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wallets-tests-").FullName;
    private readonly Lazy<Task<PostgresServer>> _postgres;
    private int _made;

    public Databases()
    {
        // PostgreSQL runs as a user of its own and must pass through to its folder.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder, (UnixFileMode)0b111_001_001);
        _postgres = new(() => PostgresServer.Start(Path.Combine(_folder, "postgres")));
    }

    public async Task<TestDatabase> Create(Engine engine)
    {
        var name = $"test_{Interlocked.Increment(ref _made)}";
        return engine == Engine.Postgres ? await (await _postgres.Value).Create(name) : TestDatabase.Sqlite(Path.Combine(_folder, name));
    }

    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName;

    public async ValueTask DisposeAsync()
    {
        if (_postgres.IsValueCreated) await (await _postgres.Value).Stop();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>One test's database: its engine, its grain state, and a way past all of its own rules.</summary>
public sealed class TestDatabase(Func<int, ILedger> connect, StateStorage state, string applicationConnection, Func<string, Task> execute)
{
    public StateStorage State { get; } = state;

    /// <summary>As the application's role connects.</summary>
    public string ApplicationConnection { get; } = applicationConnection;

    public ILedger Connect(int writers = 2) => connect(writers);

    /// <summary>Runs SQL with all rights.</summary>
    public Task Execute(string sql) => execute(sql);

    public static TestDatabase Sqlite(string folder)
    {
        Directory.CreateDirectory(folder);
        var (ledger, state) = (Path.Combine(folder, "ledger.db"), Path.Combine(folder, "state.db"));
        Schema.MigrateSqlite(ledger, state);
        return new(_ => new SqliteLedger(ledger, TimeProvider.System), StateStorage.Sqlite(state), $"Data Source={ledger}", async sql =>
        {
            await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={ledger};Pooling=False");
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync();
        });
    }
}

internal sealed class PostgresServer
{
    private const string AppPassword = "app";
    private readonly SemaphoreSlim _creating = new(1, 1);
    private readonly string _folder;
    private readonly NpgsqlConnectionStringBuilder _superuser;

    private PostgresServer(string folder, NpgsqlConnectionStringBuilder superuser) => (_folder, _superuser) = (folder, superuser);

    public static async Task<PostgresServer> Start(string folder)
    {
        var port = Ports.Free();
        var password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        await Shell.Run(Repository.File("deploy/postgres/temporary.sh"), "start", folder, port.ToString(), password);

        var superuser = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "superuser", Password = password, Database = "postgres", Pooling = false };
        var server = new PostgresServer(folder, superuser);
        // What deploy/postgres/roles.sql does, with the variables filled in; \connect is psql's own.
        var (before, after) = await RolesScript();
        await server.Execute("postgres", before);
        await server.Execute("wallets", after);
        Schema.MigratePostgres(server.ConnectionTo("wallets", "wallets_owner", AppPassword), "wallets_app", "wallets_gateway");
        return server;
    }

    public async Task<TestDatabase> Create(string name)
    {
        await _creating.WaitAsync();   // a template is copied by one at a time
        try
        {
            await Execute("postgres", $"CREATE DATABASE {name} TEMPLATE wallets OWNER wallets_owner");
        }
        finally
        {
            _creating.Release();
        }
        var application = ConnectionTo(name, "wallets_app", AppPassword);
        return new(writers => new PostgresLedger(application, writers), StateStorage.Postgres(application), application, sql => Execute(name, sql));
    }

    public Task Stop() => Shell.Run(Repository.File("deploy/postgres/temporary.sh"), "stop", _folder, "immediate");

    private string ConnectionTo(string database, string role, string password) =>
        new NpgsqlConnectionStringBuilder(_superuser.ToString()) { Database = database, Username = role, Password = password, Pooling = true, MaxPoolSize = 20, ConnectionIdleLifetime = 5, ConnectionPruningInterval = 1 }.ToString();

    private async Task Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_superuser.ToString()) { Database = database }.ToString());
        await connection.OpenAsync();
        foreach (var statement in sql.StartsWith("CREATE", StringComparison.Ordinal) ? sql.Split(";\n", StringSplitOptions.RemoveEmptyEntries) : [sql])
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<(string Before, string After)> RolesScript()
    {
        var lines = (await File.ReadAllLinesAsync(Repository.File("deploy/postgres/roles.sql"))).Where(line => !line.StartsWith("--", StringComparison.Ordinal));
        var script = string.Join('\n', lines);
        foreach (var role in new[] { "owner", "app", "gateway" }) script = script.Replace($":'{role}_password'", $"'{AppPassword}'", StringComparison.Ordinal);
        var parts = script.Split("\\connect wallets\n");
        return (parts[0], parts[1]);
    }
}
