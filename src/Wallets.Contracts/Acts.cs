using System.Text.Json.Serialization;

namespace Wallets;

/// <summary>
/// What an operator asks for: one kind, one subject, a reason, and the fields that its kind needs. Every act is a record that stays,
/// whoever asked, approved or rejected it, and whatever came of it.
/// </summary>
/// <param name="Kind">One of <see cref="ActKinds"/>.</param>
/// <param name="Subject">The user, creator, gift, pack, campaign or rate version it is about.</param>
/// <param name="Reason">Why; 1 to 500 characters, shown on statements.</param>
/// <param name="Amount">Adjustments: coins or diamonds, signed, not zero.</param>
/// <param name="Purchase">Refunds: the purchase's id.</param>
/// <param name="BasisPoints">Refunds: how much of it, in hundredths of a percent.</param>
/// <param name="From">Gifts: from when the catalogue has it so; null for at once.</param>
[GenerateSerializer, Immutable, Alias("act-order")]
public sealed record ActOrder(
    string Kind,
    string Subject,
    string Reason,
    long? Amount = null,
    string? Standing = null,
    Guid? Purchase = null,
    int? BasisPoints = null,
    RateCard? Rates = null,
    CoinPack? Pack = null,
    Gift? Gift = null,
    Campaign? Campaign = null,
    DateTimeOffset? From = null);

public static class ActKinds
{
    public const string AdjustCoins = "adjust_coins";
    public const string AdjustDiamonds = "adjust_diamonds";
    public const string SetStanding = "set_standing";
    public const string Refund = "refund";
    public const string PublishRates = "publish_rates";
    public const string PutPack = "put_pack";
    public const string PutGift = "put_gift";
    public const string OpenCampaign = "open_campaign";
    public const string RebuildRecognition = "rebuild_recognition";
}

/// <param name="Status"><c>asked</c> (under way: ask again with the same key), <c>awaiting_approval</c>, <c>rejected</c>, <c>refused</c>, <c>applied</c>.</param>
/// <param name="Actor">Who asked.</param>
/// <param name="Decider">Who approved or rejected it, if that was needed.</param>
/// <param name="Result">What came of it: the refusal's code and words, or the reason of the rejection.</param>
[GenerateSerializer, Immutable, Alias("act-view")]
public sealed record ActView(Guid Key, ActOrder Order, string Status, string Actor, DateTimeOffset AskedAt, string? Decider, string? Result)
{
    public const string Asked = "asked";
    public const string AwaitingApproval = "awaiting_approval";
    public const string Rejected = "rejected";
    public const string Refused = "refused";
    public const string Applied = "applied";
}

/// <summary>One line of the record of acts: who did what to an act, and when.</summary>
/// <param name="Seq">1, 2, 3 … over all acts; gaps are possible.</param>
/// <param name="Step"><c>asked</c>, <c>approved</c>, <c>rejected</c>, <c>refused</c> or <c>applied</c>.</param>
[GenerateSerializer, Immutable, Alias("act-step")]
public sealed record ActStep(
    long Seq,
    Guid Key,
    string Step,
    string Actor,
    DateTimeOffset RecordedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ActOrder? Order,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Note);

/// <summary>Bonus coins for whoever earns them: so many each, once a user, until the budget or the time is over.</summary>
/// <param name="BonusDays">Days after which the coins given expire; null for never.</param>
[GenerateSerializer, Immutable, Alias("campaign-terms")]
public sealed record Campaign(string Id, Coins CoinsEach, Coins Budget, DateTimeOffset EndsAt, int? BonusDays);

/// <summary>One act. The key is the operator's idempotency key. For operators only.</summary>
[Alias("act")]
public interface IActGrain : IGrainWithGuidKey
{
    /// <summary>
    /// Records the act and applies it, or leaves it for a second operator if it is above the threshold. The same key again goes on where
    /// it was, and answers the same once it has ended. Throws <see cref="UnavailableException"/> or <see cref="OutcomeUnknownException"/>; then ask again.
    /// </summary>
    [Alias("ask")] Task<Outcome<ActView>> Ask(Caller caller, ActOrder order);

    /// <summary>By another operator than the one who asked.</summary>
    [Alias("approve")] Task<Outcome<ActView>> Approve(Caller caller);

    [Alias("reject")] Task<Outcome<ActView>> Reject(Caller caller, string reason);

    [Alias("get")] Task<Outcome<ActView>> Get(Caller caller);
}

/// <summary>The record of all acts. Key: <see cref="Key"/>. For operators only.</summary>
[Alias("act-record")]
public interface IActRecordGrain : IGrainWithStringKey
{
    const string Key = "acts";

    [Alias("read")] Task<Outcome<Page<ActStep>>> Read(Caller caller, long after, int limit);
}

/// <summary>A promotion. The key is the campaign's id.</summary>
[Alias("campaign")]
public interface ICampaignGrain : IGrainWithStringKey
{
    [Alias("get")] Task<Outcome<CampaignView>> Get(Caller caller);

    /// <summary>Gives the campaign's coins to a user, once. By a checkout back end or an operator.</summary>
    [Alias("grant")] Task<Outcome<Grant>> Grant(Caller caller, string userId);
}

/// <param name="Given">Coins of the budget that are taken: given, or about to be; a grant that died halfway is given by itself moments later.</param>
[GenerateSerializer, Immutable, Alias("campaign-view")]
public sealed record CampaignView(Campaign Campaign, Coins Given);

/// <param name="Balance">The wallet's coins right after.</param>
[GenerateSerializer, Immutable, Alias("grant")]
public sealed record Grant(Guid Key, string CampaignId, string UserId, Coins Coins, Coins Balance, DateTimeOffset? ExpiresAt);
