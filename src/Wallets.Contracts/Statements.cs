using System.Text.Json.Serialization;

namespace Wallets;

/// <summary>Which account a statement is of.</summary>
public enum Holder
{
    /// <summary>A viewer's wallet, in coins.</summary>
    Wallet = 1,
    /// <summary>A creator's earnings, in diamonds.</summary>
    Earnings = 2,
}

/// <summary>
/// Statements by month and receipts to the cent, read from the ledger without troubling the account's grain. Any integer key: every silo
/// answers for itself, and each call is complete in itself, so that a long export goes on when a silo dies.
/// </summary>
[Alias("statements")]
public interface IStatementsGrain : IGrainWithIntegerKey
{
    const long Key = 0;

    /// <summary>The frame of a month's statement, for its holder or an operator: which lines, and the balances around them.</summary>
    [Alias("open")] Task<Outcome<StatementFrame>> Open(Caller caller, Holder holder, string name, StatementMonth month);

    /// <summary>The lines of a frame after <paramref name="afterSeq"/>, in order; empty at the end.</summary>
    [Alias("read")] Task<Outcome<StatementLine[]>> Read(Caller caller, StatementFrame frame, long afterSeq);

    /// <summary>
    /// Every account's lines of a month, for operators: account by account, in order. Pages may be empty before the end;
    /// <see cref="PlatformPage.Next"/> is null at the end.
    /// </summary>
    [Alias("platform")] Task<Outcome<PlatformPage>> ReadPlatform(Caller caller, StatementMonth month, PlatformCursor after);

    /// <summary>A gift to the cent, as its sender sees it.</summary>
    [Alias("viewer-receipt")] Task<Outcome<MoneyReceipt>> GetSenderReceipt(Caller caller, string userId, Guid gift);

    /// <summary>A gift to the cent, as the creator sees it: without what the sender bought.</summary>
    [Alias("creator-receipt")] Task<Outcome<MoneyReceipt>> GetCreatorReceipt(Caller caller, string creatorId, string userId, Guid gift);
}

/// <summary>A calendar month in UTC.</summary>
[GenerateSerializer, Immutable, Alias("statement-month")]
public readonly record struct StatementMonth(int Year, int Month)
{
    [JsonIgnore] public DateTimeOffset From => new(Year, Month, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The first moment that is not in it.</summary>
    [JsonIgnore] public DateTimeOffset Until => From.AddMonths(1);

    public override string ToString() => $"{Year:0000}-{Month:00}";
}

/// <param name="AccountId">The ledger's own number of the account; 0 if it has no line at all.</param>
/// <param name="AfterSeq">The last line before the month.</param>
/// <param name="ThroughSeq">The last line of the month so far.</param>
[GenerateSerializer, Immutable, Alias("statement-frame")]
public sealed record StatementFrame(
    Holder Holder, string Name, StatementMonth Month, long AccountId, long AfterSeq, long ThroughSeq, long OpeningBalance, long ClosingBalance)
{
    /// <summary>How many lines the statement has.</summary>
    public long Lines => ThroughSeq - AfterSeq;
}

/// <summary>A line of somebody's account, as operators see it.</summary>
[GenerateSerializer, Immutable, Alias("platform-line")]
public sealed record PlatformLine(string Account, string Holder, StatementLine Line);

/// <summary>The line after which a page begins.</summary>
[GenerateSerializer, Immutable, Alias("platform-cursor")]
public readonly record struct PlatformCursor(long AccountId, long Seq);

[GenerateSerializer, Immutable, Alias("platform-page")]
public sealed record PlatformPage(PlatformLine[] Lines, PlatformCursor? Next);

/// <summary>
/// Where the money of a gift went, to the cent. Coins are bought at different prices and in different currencies, so there is one
/// division for each currency; in each, the parts add up to what was paid.
/// </summary>
/// <param name="BonusCoins">How many of the gift's coins were given, not paid for: they cost nothing.</param>
/// <param name="RefundedCoins">How many of its coins were refunded since; their diamonds were taken back.</param>
/// <param name="Lots">Which coins were spent; not shown to the creator.</param>
[GenerateSerializer, Immutable, Alias("money-receipt")]
public sealed record MoneyReceipt(
    Guid Key,
    string UserId,
    string CreatorId,
    string GiftId,
    int Quantity,
    Coins Coins,
    Coins BonusCoins,
    Coins RefundedCoins,
    Diamonds Diamonds,
    int RateVersion,
    DateTimeOffset CommittedAt,
    MoneyDivision[] Money,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LotReceipt[]? Lots);

/// <summary>In the minor unit of <paramref name="Currency"/>; <paramref name="Paid"/> is the sum of the four parts.</summary>
/// <param name="StoreFee">What the store or checkout kept, by the rate card in force at the purchase.</param>
/// <param name="Platform">What is left for the platform: below zero where bonus coins or another currency paid the creator.</param>
/// <param name="Agency">The agency's part of the creator's diamonds, by the contract in force at the gift; a payout is divided by the one in force when it is requested.</param>
/// <param name="Creator">The gift's diamonds at the value of its rate card.</param>
[GenerateSerializer, Immutable, Alias("money-division")]
public sealed record MoneyDivision(string Currency, long Paid, long StoreFee, long Platform, long Agency, long Creator);

/// <param name="Lot">The purchase or promotion, by its key.</param>
/// <param name="Paid">What the paid coins had cost; over all gifts of a lot it adds up to the lot's price.</param>
[GenerateSerializer, Immutable, Alias("lot-receipt")]
public sealed record LotReceipt(Guid Lot, string Channel, Coins PaidCoins, Coins BonusCoins, Money? Paid, Money? StoreFee);
