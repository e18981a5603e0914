using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Wallets.Ledger;
using Wallets.Ledger.Finance;

namespace Wallets.Grains.Statements;

/// <summary>Finance's view of the ledger. It holds nothing; one that is asked anew reads anew.</summary>
[StatelessWorker]
internal sealed class FinanceGrain(ILedger ledger, IOptions<GrainsOptions> options) : Grain, IFinanceGrain
{
    public async Task<Outcome<DayTotals[]>> GetTotals(Caller caller, DateOnly from, DateOnly to)
    {
        if (!caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "Totals are for operators.");
        if (to < from || to.DayNumber - from.DayNumber >= IFinanceGrain.MostDays)
            return new Refusal(Refusal.InvalidPeriod, $"Ask for 1 to {IFinanceGrain.MostDays} days, from the first to the last.");
        return await Task.Run(async () => (await new DailyTotals(ledger, options.Value.Hold).Run(from, to)).ToArray());
    }
}
