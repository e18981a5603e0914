using System.Collections.Concurrent;
using Orleans.Serialization.Invocation;
using Wallets.Grains;
using Wallets.Grains.Payments;

namespace Wallets.ChaosTests.Node;

/// <summary>The points and planted bugs of the calls between grains: deliveries of credits and claims of payments.</summary>
internal sealed class ChaosFilter(Control control, IGrainFactory grains) : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<Guid, long> _seenKeys = new();

    public async Task Invoke(IIncomingGrainCallContext call)
    {
        switch (call.Grain)
        {
            case ICreditReceiver receiver when call.MethodName == nameof(ICreditReceiver.Receive):
                control.Pass("credit-arrives");
                await Receive(call, receiver);
                control.Pass("credit-answered");
                break;
            case ICreditReceiver when call.MethodName == nameof(ICreditReceiver.Correct) && control.Bug == Bug.LoseClawbacks:
                call.Response = Response.Completed;
                break;
            case IReceiptGrain when call.MethodName == nameof(IReceiptGrain.Claim):
                await call.Invoke();
                if (control.Bug == Bug.ClaimForAnybody) call.Result = (Outcome<Payment>)(Payment)call.Request.GetArgument(0)!;
                control.Pass("after-claim");
                break;
            default:
                await call.Invoke();
                break;
        }
    }

    private async Task Receive(IIncomingGrainCallContext call, ICreditReceiver receiver)
    {
        var credits = (Credit[])call.Request.GetArgument(0)!;
        var isFirst = !(bool)call.Request.GetArgument(1)!;
        if (control.Bug == Bug.LoseRelayBatch && isFirst && Random.Shared.Next(10) == 0)
        {
            call.Response = Response.Completed;
            return;
        }
        if (control.Bug == Bug.DropOrigin) call.Request.SetArgument(0, credits.Where(IsNewKey).ToArray());

        var isDoubled = isFirst && control.IsOn(Control.DeliverTwice);
        var isAhead = isDoubled && Random.Shared.Next(2) == 0;
        if (isAhead) await receiver.Receive(credits, redelivered: true);   // the redelivery overtakes the first delivery
        await call.Invoke();
        if (isDoubled && !isAhead) grains.GetGrain<ICreditReceiver>(call.TargetId.Key.ToString()!).Receive(credits, redelivered: true).Ignore();
    }

    private bool IsNewKey(Credit credit) => _seenKeys.GetOrAdd(credit.Key, credit.Origin) == credit.Origin;
}
