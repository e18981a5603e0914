using Wallets.Ledger.Audit;

namespace Wallets.Ledger.Sqlite;

/// <summary>Tables derived from entries. One file has one writer, so no flush goes on meanwhile: what is derived at once must be little.</summary>
public sealed partial class SqliteLedger
{
    public async Task<T> Derive<T>(Func<IDerivation, Task<T>> work, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            return await Task.Run(async () =>
            {
                using var connection = Open();
                using var transaction = connection.BeginTransaction();
                var result = await work(new TransactionDerivation(connection, transaction, () => Task.FromResult(FromMicroseconds(NextTime())), Words));
                transaction.Commit();
                return result;
            }, CancellationToken.None);
        }
        catch (Exception fault) when (IsFault(fault))
        {
            throw new LedgerFaultException(mayHaveCommitted: true, fault);
        }
        finally
        {
            _writing.Release();
        }
    }
}
