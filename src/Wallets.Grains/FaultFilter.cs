using System.Data.Common;
using Polly;
using Wallets.Ledger;

namespace Wallets.Grains;

/// <summary>
/// A database fault that a grain lets out came from a read, or from a write that may be repeated: the call has moved nothing and
/// may be retried. Appends never let one out; they say themselves what is known. The fault may come wrapped, by grain storage for one, and
/// would not travel then: no other process need know the driver's exceptions. Nor those of the pipeline by which Orleans looks for a call's
/// place: a call within that it gave up is one that was not answered in time.
/// </summary>
internal sealed class FaultFilter : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception fault) when (Translate(fault) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>What to let out instead, or null for the fault itself.</summary>
    public static Exception? Translate(Exception fault) => fault switch
    {
        _ when IsOfDatabase(fault) => new UnavailableException("The database does not answer."),
        ExecutionRejectedException => new TimeoutException("A call within was not answered in time."),
        _ => null,
    };

    private static bool IsOfDatabase(Exception fault) => fault is LedgerFaultException or DbException || (fault.InnerException is { } cause && IsOfDatabase(cause));
}
