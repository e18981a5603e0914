using Npgsql;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>A PostgreSQL cluster with the plain SQL ledger of stored-procedure.sql, all wallets funded.</summary>
internal sealed class SqlLedger : IAsyncDisposable
{
    private OwnPostgres? _postgres;

    public PostgresServer Postgres => _postgres!.Server;

    public async Task Start(Population population)
    {
        _postgres = await OwnPostgres.Start();
        await Postgres.Execute(await ReadScript("stored-procedure.sql"));
        await Postgres.Execute(
            $"""
            INSERT INTO accounts SELECT id, {Population.Funds}, 0 FROM generate_series(0, {population.Wallets - 1}) AS id;
            INSERT INTO accounts SELECT {population.Wallets} + id, 0, 0 FROM generate_series(0, {population.Creators - 1}) AS id;
            """);
        await Postgres.Execute("VACUUM (ANALYZE)");
        await Postgres.Execute("CHECKPOINT");
    }

    /// <summary>Prepared statements stay with their connection, and connections with the pool.</summary>
    public NpgsqlDataSource Connect(int connections) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString)
    {
        MaxPoolSize = connections,
        NoResetOnClose = true,
        MaxAutoPrepare = 8,
        AutoPrepareMinUsages = 1,
        Timeout = 60,
        CommandTimeout = 60,
    });

    public static async Task<string> ReadScript(string name)
    {
        await using var stream = typeof(SqlLedger).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null) await _postgres.DisposeAsync();
    }
}
