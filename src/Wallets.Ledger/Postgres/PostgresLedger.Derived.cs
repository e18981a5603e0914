using Npgsql;
using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Postgres;

/// <summary>Tables derived from entries. Written beside the flushes, on connections that hold back no horizon.</summary>
public sealed partial class PostgresLedger
{
    private const string HorizonQuery =
        "SELECT least(now(), min(xact_start)) FROM pg_stat_activity WHERE application_name = 'wallets-ledger' AND datname = current_database() AND pid <> pg_backend_pid()";

    public async Task<T> Derive<T>(Func<IDerivation, Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await _scans.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            var result = await work(new TransactionDerivation(connection, transaction, () => ReadHorizon(connection), Words));
            await transaction.CommitAsync(cancellation);
            return result;
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(mayHaveCommitted: true, fault);
        }
    }

    private static async Task<DateTimeOffset> ReadHorizon(NpgsqlConnection connection)
    {
        await using var query = new NpgsqlCommand(HorizonQuery, connection);
        return new((DateTime)(await query.ExecuteScalarAsync())!);
    }
}
