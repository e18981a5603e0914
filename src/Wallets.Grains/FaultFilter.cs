using System.Data.Common;
using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>
/// A database fault that a grain lets out came from a read, or from a write that may be repeated: the call has moved nothing and
/// may be retried. Appends never let one out; they say themselves what is known.
/// </summary>
internal sealed class FaultFilter : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception fault) when (fault is LedgerFaultException or DbException)
        {
            throw new UnavailableException("The database does not answer.");
        }
    }
}
