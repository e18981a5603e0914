using Orleans.Concurrency;
using Wallets.Grains.Accounts;
using Wallets.Grains.Payouts;
using Wallets.Ledger;
using Wallets.Ledger.Accounts;

namespace Wallets.Grains.Statements;

/// <summary>
/// Reads the ledger for statements and receipts. It holds nothing: each page is asked for by the seq it begins after, so a page that was
/// lost is asked for again, of whichever silo is there.
/// </summary>
[StatelessWorker]
internal sealed class StatementsGrain(ILedger ledger) : Grain, IStatementsGrain
{
    private const int LinesInOne = 2_000;
    private const int EntriesLookedAt = 5_000;

    public async Task<Outcome<StatementFrame>> Open(Caller caller, Holder holder, string name, StatementMonth month)
    {
        if (!MayRead(caller, holder, name)) return NotTheirs;
        if (await ledger.FindAccount(KindOf(holder), name) is not { } accountId) return new StatementFrame(holder, name, month, 0, 0, 0, 0, 0);

        var lastSeq = await ledger.LastSeq(accountId);
        var last = await ledger.FindLastBefore(accountId, month.Until, lastSeq);
        var before = await ledger.FindLastBefore(accountId, month.From, last?.Seq ?? 0);
        return new StatementFrame(holder, name, month, accountId, before?.Seq ?? 0, last?.Seq ?? 0, before?.BalanceAfter ?? 0, last?.BalanceAfter ?? 0);
    }

    public async Task<Outcome<StatementLine[]>> Read(Caller caller, StatementFrame frame, long afterSeq)
    {
        if (!MayRead(caller, frame.Holder, frame.Name) || await ledger.FindAccount(KindOf(frame.Holder), frame.Name) is not { } accountId) return NotTheirs;
        var limit = (int)Math.Clamp(frame.ThroughSeq - afterSeq, 0, LinesInOne);
        return limit == 0 ? Array.Empty<StatementLine>() : await StatementLines.Read(ledger, accountId, afterSeq, limit);
    }

    public async Task<Outcome<PlatformPage>> ReadPlatform(Caller caller, StatementMonth month, PlatformCursor after)
    {
        if (!caller.Is(Roles.Operator)) return new Refusal(Refusal.Forbidden, "The platform's statement is for operators.");
        var entries = await ledger.ReadAll(after.AccountId, after.Seq, EntriesLookedAt);
        var ofMonth = entries.Where(entry => entry.RecordedAt >= month.From && entry.RecordedAt < month.Until).ToList();
        var names = await ledger.NameAccounts([.. ofMonth.SelectMany(entry => new[] { entry.AccountId, entry.Counterparty }).Where(id => id != 0).Distinct()]);
        var lines = ofMonth.Select(entry => new PlatformLine(names[entry.AccountId], entry.Kind < EntryKind.GiftReceived ? "wallet" : "earnings", StatementLines.Of(entry, names, entry.Gift)));
        return new PlatformPage([.. lines], entries.Count < EntriesLookedAt ? null : new(entries[^1].AccountId, entries[^1].Seq));
    }

    public async Task<Outcome<MoneyReceipt>> GetSenderReceipt(Caller caller, string userId, Guid gift)
    {
        if (!MayRead(caller, Holder.Wallet, userId)) return NotTheirs;
        return await FindGift(userId, gift) is { } debit ? await ReceiptOf(userId, debit, isForSender: true) : UnknownGift(gift);
    }

    public async Task<Outcome<MoneyReceipt>> GetCreatorReceipt(Caller caller, string creatorId, string userId, Guid gift)
    {
        if (!MayRead(caller, Holder.Earnings, creatorId)) return NotTheirs;
        var debit = await FindGift(userId, gift);
        var isTheirs = debit is not null && debit.Counterparty == await ledger.FindAccount(AccountKind.Earnings, creatorId);
        return isTheirs ? await ReceiptOf(userId, debit!, isForSender: false) : UnknownGift(gift);
    }

    private async Task<Entry?> FindGift(string userId, Guid gift) =>
        await ledger.FindAccount(AccountKind.Wallet, userId) is { } accountId && await ledger.FindTransfer(accountId, gift) is { Kind: EntryKind.GiftSent } debit ? debit : null;

    private async Task<MoneyReceipt> ReceiptOf(string userId, Entry debit, bool isForSender)
    {
        var rates = await ledger.ReadRateCards();
        var trace = await ledger.TraceGift(debit);
        var costs = trace.Uses.ConvertAll(use => GiftMoney.CostOf(use, trace.Lots[use.Lot], rates));
        var gift = debit.Gift!;
        var rate = rates.First(card => card.Version == gift.RateVersion);
        var creatorId = (await ledger.NameAccounts([debit.Counterparty]))[debit.Counterparty];
        // By the contract in force at the gift; a payout is divided, in one, by the one in force when it is requested.
        var contract = (await GrainFactory.GetGrain<IPayoutStanding>(creatorId).GetStanding()).ContractAt(debit.RecordedAt);
        var divisions = GiftMoney.Divide(gift, costs, rate, contract is { AgencyId: not null } ? contract.BasisPoints : 0);
        return new MoneyReceipt(
            debit.TransferId, userId, creatorId, gift.GiftId, gift.Quantity,
            new(-debit.Amount), new(trace.Uses.Sum(use => use.Bonus)), new(trace.Uses.Sum(use => trace.RefundedOf(use).Coins)), new(gift.Diamonds), gift.RateVersion, debit.RecordedAt,
            [.. divisions.Select(part => new MoneyDivision(part.Currency, part.Paid, part.StoreFee, part.Platform, part.Agency, part.Creator))],
            isForSender ? [.. costs.Select(LotReceiptOf)] : null);
    }

    private static LotReceipt LotReceiptOf(LotCost cost)
    {
        var channel = cost.LotEntry.Kind switch { EntryKind.Purchase => cost.LotEntry.Detail!.Channel!, EntryKind.BonusGranted => Lot.OfPromotion, _ => Lot.OfAdjustment };
        return new(cost.Use.Lot, channel, new(cost.Use.Paid), new(cost.Use.Bonus), cost.Paid, cost.StoreFee);
    }

    private static bool MayRead(Caller caller, Holder holder, string name) =>
        caller.Is(Roles.Operator) || caller.Owns(name, holder == Holder.Wallet ? Roles.Viewer : Roles.Creator);

    private static AccountKind KindOf(Holder holder) => holder == Holder.Wallet ? AccountKind.Wallet : AccountKind.Earnings;

    private static Refusal NotTheirs => new(Refusal.Forbidden, "This account belongs to somebody else.");
    private static Refusal UnknownGift(Guid gift) => new(Refusal.UnknownTransfer, $"There is no such gift with key {gift}.");
}
