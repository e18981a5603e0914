using System.Diagnostics;
using System.Reflection;
using Orleans.Serialization.Invocation;

namespace Wallets.Grains.Accounts;

/// <summary>
/// A gift handed to a wallet that is active on this silo: a call of <see cref="IWalletGrain.SendGift"/> without the messages there and
/// back, which cost more than the rest of it. It runs on the activation's own scheduler, in the wallet's turn, and through the filters
/// that run around a call, so that the dashboard counts it. If the activation goes before its turn comes, it is
/// given back, to be sent as a call.
/// </summary>
internal sealed class LocalGift(GiftCall gift, WalletGrain wallet, IIncomingGrainCallFilter[] filters, GiftOutbox outbox, Action<GiftCall, GiftOutbox> giveBack) : IIncomingGrainCallContext
{
    private static readonly MethodInfo Called = typeof(IWalletGrain).GetMethod(nameof(IWalletGrain.SendGift))!;
    private static readonly MethodInfo Implementation = typeof(WalletGrain).GetMethod(nameof(WalletGrain.SendGift))!;

    private readonly long _handedAt = Stopwatch.GetTimestamp();
    private int _filtersPassed;
    private Task<Outcome<GiftReceipt>>? _sending;

    /// <summary>From any thread.</summary>
    public void Hand() => wallet.GrainContext.Scheduler.QueueAction(static gift => _ = ((LocalGift)gift).Send(), this);   // never throws

    private async Task Send()
    {
        GiftAnswer answer;
        try
        {
            await wallet.BeginTurn();
            try
            {
                if (Stopwatch.GetElapsedTime(_handedAt) >= WalletsClient.AttemptTimeout) throw new TimeoutException("The wallet had too much before it.");
                if (wallet.IsGoing)
                {
                    giveBack(gift, outbox);
                    return;
                }
                await Invoke();
                answer = new(gift.Id, await _sending!, null);
            }
            finally
            {
                wallet.EndTurn();
            }
        }
        catch (Exception fault)
        {
            answer = new(gift.Id, default, FaultFilter.Translate(fault) ?? fault);
        }
        outbox.Add(answer);
    }

    /// <summary>The next filter, and after the last one the wallet.</summary>
    public Task Invoke() => _filtersPassed < filters.Length
        ? filters[_filtersPassed++].Invoke(this)
        : _sending = wallet.SendGift(gift.Caller, gift.Order);

    public object Grain => wallet;
    public IGrainContext TargetContext => wallet.GrainContext;
    public GrainId TargetId => wallet.GrainContext.GrainId;
    public GrainId? SourceId => null;
    public GrainInterfaceType InterfaceType => default;
    public string InterfaceName => nameof(IWalletGrain);
    public string MethodName => Called.Name;
    public MethodInfo InterfaceMethod => Called;
    public MethodInfo ImplementationMethod => Implementation;

    // A filter may watch a gift, not replace what it asks or what it gets.
    public IInvokable Request => throw new NotSupportedException("A local gift is no message.");
    public object? Result { get => throw new NotSupportedException("A local gift is no message."); set => throw new NotSupportedException("A local gift is no message."); }
    public Response? Response { get => throw new NotSupportedException("A local gift is no message."); set => throw new NotSupportedException("A local gift is no message."); }
}
