using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wallets.Grains.Payments;
using Wallets.Grains.Publishing;
using Wallets.Grains.Settlement;
using Wallets.Grains.Streams;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Accounts;

/// <summary>
/// A viewer's coins. A gift's way begins here; the numbers are those of src/README.md:
/// 1 the key is looked up before anything else is judged, 2 the gift is decided, 3 the debit is appended, which is the commit
/// point, 4 the caller is answered, 5 the credit is handed to the relay. If the process dies after 3, settlement does 5.
/// </summary>
internal sealed partial class WalletGrain(
    [PersistentState("wallet", AccountSnapshot.Storage)] IPersistentState<AccountSnapshot> snapshot,
    ILedger ledger,
    LedgerWriter writer,
    Published published,
    PaymentChannels channels,
    LiveStreams streams,
    LocalWallets localWallets,
    Relay relay,
    GiftMetrics metrics,
    IOptions<GrainsOptions> options,
    TimeProvider time,
    ILogger<WalletGrain> logger) : AccountGrain<WalletState>(AccountKind.Wallet, snapshot, ledger, writer, time, logger), IWalletGrain, IMint, IRefundReceiver, IExpiringWallet, IWalletDesk
{
    private readonly ILedger _ledger = ledger;
    private readonly TimeProvider _time = time;
    private readonly GrainsOptions _options = options.Value;
    private bool _isPayerNoted;

    public async Task<Outcome<GiftReceipt>> SendGift(Caller caller, GiftOrder order)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Refuse(NotTheirs);

        // 1
        if (await FindTransfer(order.Key) is { } earlier) return await Replay(order, earlier);

        // 2
        if (State.HasExpired(Now)) await Expire();
        var terms = await published.GetTerms();
        var stream = await streams.Find(order.StreamId);
        var sender = await SenderOf(caller, order, stream, terms);
        var decision = WalletDecisions.SendGift(AccountId ?? 0, State, Name, order, stream, terms, _options.Limits, _options.Refunds.FlaggedHoldDays, Now, sender);
        if (decision.Refusal is { } refusal)
            return await FindInLedger(order.Key) is { } unseen ? await Replay(order, unseen) : Refuse(refusal);

        // 3
        var debit = decision.Entry!;
        var appended = await Append(debit);
        if (!appended.IsCommitted) return await Replay(order, await Committed(order.Key));

        // 5, which nobody waits for, and 4
        relay.Hand(stream!.CreatorId, debit, Name);
        metrics.Sent(-debit.Amount);
        return Receipt(debit, stream.CreatorId, GiftReceipt.Committed);
    }

    public async Task<Outcome<Purchase>?> Find(PurchaseOrder order, Payment payment)
    {
        NotePayer();
        return await FindInLedger(order.Key) is { } earlier ? Replay(order, payment, earlier) : await FindMinted(order, payment);
    }

    public async Task<Outcome<Purchase>> Mint(PurchaseOrder order, Payment payment, CoinPack pack)
    {
        if (await FindTransfer(order.Key) is { } earlier) return Replay(order, payment, earlier);
        var accountId = await OpenAccount();
        if (await FindMinted(order, payment) is { } minted) return minted;

        var decision = WalletDecisions.Purchase(accountId, State, order.Key, pack, payment, Now);
        if (decision.Refusal is { } refusal) return await FindInLedger(order.Key) is { } unseen ? Replay(order, payment, unseen) : Refuse(refusal);

        var appended = await Append(decision.Entry!);
        if (!appended.IsCommitted) return Replay(order, payment, await Committed(order.Key));
        metrics.Purchased(decision.Entry!.Amount);
        return Receipt(decision.Entry);
    }

    public Task<Outcome<WalletBalance>> GetBalance(Caller caller)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Task.FromResult<Outcome<WalletBalance>>(Refuse(NotTheirs));
        NotePayer();
        var today = DayAmount.DayOf(Now);
        return Task.FromResult<Outcome<WalletBalance>>(new WalletBalance(
            Name, new(State.Balance), new(State.LifetimeSpent), new(State.SpentOn(today)), new(State.SpentInWeekTo(today)), State.Standing,
            [.. State.Lots.Select(lot => new LotBalance(lot.PurchaseId, lot.Channel, new(lot.Paid), new(lot.Bonus), lot.ExpiresAt))]));
    }

    public async Task<Outcome<GiftReceipt>> GetGift(Caller caller, Guid key)
    {
        if (!caller.Owns(Name, Roles.Viewer)) return Refuse(NotTheirs);
        if (await FindInLedger(key) is not { Kind: EntryKind.GiftSent } debit) return new Refusal(Refusal.UnknownTransfer, $"This wallet sent no gift with key {key}.");

        var credits = await _ledger.FindCredits(debit.Counterparty, [new CreditId(debit.AccountId, debit.TransferId)]);
        return Receipt(debit, await NameOf(debit.Counterparty), credits.Count == 1 ? GiftReceipt.Settled : GiftReceipt.Committed);
    }

    public async Task<Outcome<Page<StatementLine>>> GetStatement(Caller caller, long afterSeq, int limit) =>
        caller.Owns(Name, Roles.Viewer) ? await ReadStatement(afterSeq, limit) : Refuse(NotTheirs);

    /// <summary>The same answer as the first time, status included, or a refusal if the key stood for something else.</summary>
    private async Task<Outcome<GiftReceipt>> Replay(GiftOrder order, Entry earlier)
    {
        var isSame = earlier.Gift is { } gift && gift.StreamId == order.StreamId && gift.GiftId == order.GiftId && gift.Quantity == order.Quantity
            && (order.Price is not { } price || price * order.Quantity == new Coins(-earlier.Amount));
        if (!isSame) return Refuse(KeyReused(order.Key));
        return Outcome.Replayed(Receipt(earlier, await NameOf(earlier.Counterparty), GiftReceipt.Committed));
    }

    private Outcome<Purchase> Replay(PurchaseOrder order, Payment payment, Entry earlier)
    {
        var isSame = earlier.Kind == EntryKind.Purchase && earlier.Detail is { } detail
            && detail.PackId == order.PackId && detail.Channel == payment.Channel && detail.Payment == payment.Id;
        return isSame ? Outcome.Replayed(Receipt(earlier)) : Refuse(KeyReused(order.Key));
    }

    /// <summary>This user's proof, whatever key it comes with: what it minted is the answer, unless it was for another pack. Null if it minted nothing.</summary>
    private async Task<Outcome<Purchase>?> FindMinted(PurchaseOrder order, Payment payment)
    {
        if (AccountId is not { } accountId || await _ledger.FindPayment(accountId, payment.Channel, payment.Id) is not { } minted) return null;
        if (await FindInLedger(order.Key) is { } unseen) return Replay(order, payment, unseen);
        return minted.Detail!.PackId == order.PackId ? Outcome.Replayed(Receipt(minted)) : Refuse(ProofUsed);
    }

    /// <summary>An app reads the wallet before it sells. From then on a payment that only its store tells of finds this user by the store's name for them.</summary>
    private void NotePayer()
    {
        if (_isPayerNoted || !channels.HideUsers) return;
        _isPayerNoted = true;
        GrainFactory.GetGrain<IPayerGrain>(AccountToken.Of(Name, AccountNaming.Uuid5)).Note(Name).Ignore();   // safe to lose: the next activation notes it, and until then operators see the payment
    }

    private async Task<Entry> Committed(Guid key) => await FindInLedger(key) ?? throw new OutcomeUnknownException();

    private async Task<string> NameOf(long accountId) => (await _ledger.NameAccounts([accountId]))[accountId];

    private GiftReceipt Receipt(Entry debit, string creatorId, string status) => new(
        debit.TransferId, Name, creatorId, debit.Gift!.StreamId, debit.Gift.GiftId, debit.Gift.Quantity, new(-debit.Amount), new(debit.Gift.Diamonds),
        debit.Gift.RateVersion, status, new(debit.BalanceAfter), debit.RecordedAt);

    private Purchase Receipt(Entry purchase) => new(
        purchase.TransferId, Name, purchase.Detail!.PackId!, purchase.Detail.Channel!, purchase.Detail.Price!.Value,
        new(purchase.Amount), new(purchase.BalanceAfter), purchase.RecordedAt);

    private Refusal Refuse(Refusal refusal)
    {
        metrics.Refused(refusal.Code);
        return refusal;
    }

    internal static Refusal NotTheirs => new(Refusal.Forbidden, "This wallet belongs to somebody else.");
    private static Refusal ProofUsed => new(Refusal.ProofUsed, "This proof of payment has been used.");
    private static Refusal KeyReused(Guid key) => new(Refusal.KeyReused, $"Key {key} was used for something else.");
}
