using System.Collections.Concurrent;
using Orleans.Serialization.Invocation;
using Wallets.Grains;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payments;

namespace Wallets.ChaosTests.Node;

/// <summary>The points and planted bugs of the calls between grains: deliveries of credits, claims of payments, gifts of campaigns.</summary>
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
            case IWalletDesk when call.MethodName == nameof(IWalletDesk.Grant) && call.Request.GetArgument(4) is false:
                control.Pass("grant-arrives");
                if (call.Request.GetArgument(3) is DateTimeOffset) call.Request.SetArgument(3, SoonInsteadOfDays());
                await call.Invoke();
                control.Pass("grant-answered");
                break;
            default:
                await call.Invoke();
                break;
        }
    }

    /// <summary>What a campaign gives lasts seconds here, so that a run sees it expire.</summary>
    private static object SoonInsteadOfDays() => DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + Random.Shared.Next(2, 12));

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
