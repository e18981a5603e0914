using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Wallets.Grains.Publishing;
using Wallets.Ledger;

namespace Wallets.Grains.Payments;

/// <summary>Handles what is in the inbox. One grain for each channel, which is the key, so that one that is down holds up no other.</summary>
[Alias("notifications")]
internal interface INotificationsGrain : IGrainWithStringKey
{
    /// <param name="hasNew">Something has just been stored; else this is the clock asking.</param>
    [OneWay, AlwaysInterleave, Alias("handle")] Task Handle(bool hasNew);
}

/// <summary>
/// Handles what is due and writes down what came of it: done, open for a person, or when to try again. What dies in between is
/// handled again, which changes nothing, because everything it leads to is idempotent by derived keys. After some failures
/// operators see it, and it is still tried, slowly. The order they came in does not matter.
/// </summary>
internal sealed partial class NotificationsGrain(
    PaymentChannels channels, Inbox inbox, Published published, GiftMetrics metrics, IOptions<GrainsOptions> options, TimeProvider time, ILogger<NotificationsGrain> logger) : Grain, INotificationsGrain
{
    private const int AtOnce = 20;
    private const string KeepsFailing = "keeps_failing";
    private const string UseAsked = "consumption_request";
    private const string NotClaimed = "payment_not_claimed";
    private const string NotMinted = "payment_not_minted";
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private bool _isHandling;
    private bool _hasNew;
    private DateTimeOffset _handledAt;
    private DateTimeOffset _countedAt;

    private string Channel => this.GetPrimaryKeyString();
    private NotificationOptions Rules => options.Value.Notifications;

    public async Task Handle(bool hasNew)
    {
        _hasNew |= hasNew;
        if (_isHandling || (!_hasNew && time.GetUtcNow() - _handledAt < ShortestPause)) return;
        _isHandling = true;
        try
        {
            do
            {
                _hasNew = false;
                _handledAt = time.GetUtcNow();
                await HandleDue();
            }
            while (_hasNew);
            await CountOpen();
        }
        catch (Exception fault)
        {
            LogNotRun(fault, Channel);   // the clock asks again
        }
        finally
        {
            _isHandling = false;
        }
    }

    private async Task HandleDue()
    {
        IReadOnlyList<InboxItem> due;
        do
        {
            due = await inbox.FindDue(Channel, time.GetUtcNow(), AtOnce);
            await Task.WhenAll(due.Select(async item => await inbox.Update(await Handle(item))));
        }
        while (due.Count == AtOnce);
    }

    /// <summary>The item as it is afterwards.</summary>
    private async Task<InboxItem> Handle(InboxItem item)
    {
        try
        {
            var handled = item.Kind == InboxItem.Completion ? await Complete(item) : await Handle(item, ((INotifyingChannel)channels.Find(Channel)!).Read(item.Body));
            metrics.Notified(Channel, handled.Status);
            return handled;
        }
        catch (Exception fault)
        {
            LogNotHandled(fault, item.Id, Channel);
            metrics.Notified(Channel, "failed");
            return Failed(item, fault);
        }
    }

    private async Task<InboxItem> Handle(InboxItem item, PaymentNews news)
    {
        switch (news)
        {
            case PaymentNews.Paid paid:
                return Bought(item, await Buy(paid.UserId, paid.Order));
            case PaymentNews.Announced announced:
                return await BuyAnnounced(item, announced);
            case PaymentNews.Refunded(var payment, var refund):
                return Wait(item, await ReceiptOf(payment).Refund(payment, refund), blocksUnclaimed: true);
            case PaymentNews.PartlyRefunded(var payment, var at):
                return Wait(item, await ReceiptOf(payment).CountRefunds(payment, at), blocksUnclaimed: true);
            case PaymentNews.RefundReversed(var payment, var refundId, var at, var reason):
                return Wait(item, await ReceiptOf(payment).ReverseRefund(payment, refundId, at, reason), blocksUnclaimed: true);
            case PaymentNews.UseAsked asked:
                return await TellUse(item, asked);
            case PaymentNews.ForPeople(var code, var detail):
                return Open(item, code, detail);
            case PaymentNews.Nothing(var detail):
                return Done(item, detail);
            default:
                throw new InvalidOperationException($"{news} is not known.");
        }
    }

    /// <summary>
    /// A payment whose app may have died: 1 what is finished is left alone, 2 the store's words for pack and user are looked up, 3 the user's wallet
    /// buys as if its app had asked, by the same claim and mint, but under a key of the payment. So the app's own request, before, after or
    /// at the same time, gets the same purchase. What cannot be looked up waits for the app, and in the end for operators.
    /// </summary>
    private async Task<InboxItem> BuyAnnounced(InboxItem item, PaymentNews.Announced told)
    {
        // 1
        var progress = await ReceiptOf(told.Payment).Finish(told.Payment);
        if (progress == PaymentProgress.Finished) return Done(item, null);

        // 2
        var store = (IStoreChannel)channels.Find(Channel)!;
        if (await FindPack(store, told) is not { } pack || await FindUser(store, told) is not { } userId) return Wait(item, progress);

        // 3
        var purchase = await Buy(userId, new PurchaseOrder(DerivedKey.Of("purchase", Channel, told.Payment.Id), pack, Channel, told.Proof));
        return purchase.Refusal?.Code == Refusal.PaymentPending ? Wait(item, progress) : Bought(item, purchase);
    }

    /// <summary>The channel is told what the wallet says, if it can be told and the coins were given out; else a person answers it.</summary>
    private async Task<InboxItem> TellUse(InboxItem item, PaymentNews.UseAsked asked)
    {
        if (await ReceiptOf(asked.Payment).GetUse(asked.Payment) is not { } use || !await ((IAskingChannel)channels.Find(Channel)!).TellUse(asked.Payment, use)) return Open(item, UseAsked, asked.Question);
        return Done(item, $"Told that {use.Left} of {use.Bought} paid coins are left.");
    }

    /// <summary>The one pack that the store sells as this product.</summary>
    private async Task<string?> FindPack(IStoreChannel store, PaymentNews.Announced told)
    {
        var packs = (await published.GetTerms()).Packs.Values.Where(pack => pack.Channels.Contains(Channel) && store.ProductOf(pack.Id) == told.ProductId).ToList();
        return packs is [var pack] ? pack.Id : null;
    }

    private async Task<string?> FindUser(IStoreChannel store, PaymentNews.Announced told)
    {
        var name = await store.FindPayer(told.Proof, told.ProductId!);
        if (store.Naming == AccountNaming.UserId) return Identifier.IsValid(name) ? name : null;
        return Guid.TryParse(name, out var token) ? await GrainFactory.GetGrain<IPayerGrain>($"{token}").Find() : null;
    }

    private Task<Outcome<Purchase>> Buy(string userId, PurchaseOrder order) => GrainFactory.GetGrain<IPurchaseGrain>(userId).Purchase(new Caller(Channel, Roles.Purchasing), order);

    /// <summary>Money that was given back is no business of anybody's.</summary>
    private static InboxItem Bought(InboxItem item, Outcome<Purchase> purchase) => purchase switch
    {
        { IsOk: true, Value: { } minted } => Done(item, $"{minted.Coins} for {minted.UserId}."),
        { Refusal: { Code: Refusal.PaymentRefunded or Refusal.PaymentRevoked or Refusal.PaymentCancelled } given } => Done(item, given.Detail),
        _ => Open(item, purchase.Refusal!.Code, purchase.Refusal.Detail),
    };

    private async Task<InboxItem> Complete(InboxItem item)
    {
        var payment = new Payment(Channel, item.Body);
        return Wait(item, await ReceiptOf(payment).Finish(payment));
    }

    private IReceiptGrain ReceiptOf(Payment payment) => GrainFactory.GetGrain<IReceiptGrain>($"{payment.Channel}:{payment.Id}");

    /// <summary>
    /// Done, if the payment is finished. Else it is looked at again, because its purchase may be on its way; one that does not come is
    /// shown to operators in the end, unless it was refunded: then the note on the receipt is all there is to do.
    /// </summary>
    private InboxItem Wait(InboxItem item, PaymentProgress progress, bool blocksUnclaimed = false)
    {
        if (progress == PaymentProgress.Finished) return Done(item, null);
        var age = time.GetUtcNow() - item.ReceivedAt;
        if (blocksUnclaimed && (progress == PaymentProgress.Unclaimed || age >= Rules.PatienceWithApps)) return Done(item, "No coins were given out for this payment.");

        var next = time.GetUtcNow() + Shorter(age > Rules.FirstRetry ? age : Rules.FirstRetry, LongestWait);
        if (age < Rules.PatienceWithApps) return item with { Status = NotificationView.Waiting, DueAt = next };
        return progress == PaymentProgress.Unclaimed
            ? Open(item, NotClaimed, "Somebody paid, and nobody has brought the proof.") with { DueAt = time.GetUtcNow() + Rules.SlowRetry }
            : Open(item, NotMinted, "The payment was claimed, and the coins are not in the wallet; the user has to try again.") with { DueAt = time.GetUtcNow() + Rules.SlowRetry };
    }

    private InboxItem Failed(InboxItem item, Exception fault)
    {
        var attempts = item.Attempts + 1;
        if (attempts >= Rules.AttemptsBeforeOpen)
            return item with { Status = NotificationView.Open, Attempts = attempts, DueAt = time.GetUtcNow() + Rules.SlowRetry, Code = KeepsFailing, Detail = fault.Message };
        var pause = Shorter(Rules.FirstRetry * Math.Pow(2, attempts - 1), LongestWait);
        return item with { Status = NotificationView.Waiting, Attempts = attempts, DueAt = time.GetUtcNow() + pause, Detail = fault.Message };
    }

    private static InboxItem Done(InboxItem item, string? detail) => item with { Status = NotificationView.Done, DueAt = null, Code = null, Detail = detail };

    private static InboxItem Open(InboxItem item, string code, string detail) => item with { Status = NotificationView.Open, DueAt = null, Code = code, Detail = detail };

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task CountOpen()
    {
        if (time.GetUtcNow() - _countedAt < CountInterval) return;
        _countedAt = time.GetUtcNow();
        metrics.OpenNotifications(Channel, await inbox.CountOpen(Channel));
    }

    [LoggerMessage(LogLevel.Warning, "Notification {Id} of channel {Channel} could not be handled; it is tried again")]
    private partial void LogNotHandled(Exception fault, string id, string channel);

    [LoggerMessage(LogLevel.Warning, "The notifications of channel {Channel} could not be read or written")]
    private partial void LogNotRun(Exception fault, string channel);
}
