using System.Diagnostics.CodeAnalysis;

namespace Wallets;

/// <summary>
/// The answer of a grain: a value, or the reason why not. <see cref="Replayed"/> says that the value is the answer first given
/// for the same key, not the effect of this call.
/// </summary>
[GenerateSerializer, Immutable, Alias("outcome`1")]
public readonly record struct Outcome<T>(T? Value, Refusal? Refusal, bool Replayed = false) where T : class
{
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsOk => Refusal is null;

    public static implicit operator Outcome<T>(T value) => new(value, null);
    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}

public static class Outcome
{
    /// <summary>The answer first given for the same key.</summary>
    public static Outcome<T> Replayed<T>(T value) where T : class => new(value, null, Replayed: true);
}

/// <summary>
/// An expected business "no": nothing was written and nothing is remembered, so the same key may succeed later.
/// <see cref="Code"/> is stable and part of the API; <see cref="Detail"/> is for people.
/// </summary>
[GenerateSerializer, Immutable, Alias("refusal")]
public sealed record Refusal(string Code, string Detail)
{
    public const string Forbidden = "forbidden";
    public const string InsufficientFunds = "insufficient_funds";
    public const string LimitExceeded = "limit_exceeded";
    public const string StreamEnded = "stream_ended";
    public const string StreakEnded = "streak_ended";
    public const string KeyReused = "idempotency_key_reused";
    public const string InvalidQuantity = "invalid_quantity";
    public const string InvalidAmount = "invalid_amount";
    public const string SelfGift = "self_gift";
    public const string UnknownGift = "unknown_gift";
    public const string UnknownStream = "unknown_stream";
    public const string UnknownPack = "unknown_pack";
    public const string UnknownChannel = "unknown_channel";
    public const string UnknownTransfer = "unknown_key";
    public const string UnknownRate = "unknown_rate_version";
    public const string InvalidProof = "invalid_proof";
    public const string ProofUsed = "proof_already_used";
    public const string InvalidSignature = "invalid_signature";
    public const string SignatureExpired = "signature_expired";
    public const string UntrustedCertificate = "untrusted_certificate";
    public const string CertificateExpired = "certificate_expired";
    public const string WrongApp = "wrong_app";
    public const string WrongAppId = "wrong_app_id";
    public const string WrongEnvironment = "wrong_environment";
    public const string WrongProduct = "wrong_product";
    public const string WrongProductType = "wrong_product_type";
    public const string WrongQuantity = "wrong_quantity";
    public const string WrongAmount = "wrong_amount";
    public const string WrongCurrency = "wrong_currency";
    public const string WrongAccount = "wrong_account";
    public const string PaymentPending = "payment_pending";
    public const string PaymentCancelled = "payment_cancelled";
    public const string PaymentRevoked = "payment_revoked";
    public const string PaymentRefunded = "payment_refunded";
    public const string ChannelNotOpen = "channel_not_open";
    public const string InvalidNotification = "invalid_notification";
    public const string UnknownNotification = "unknown_notification";
    public const string UnknownNotificationType = "unknown_notification_type";
    public const string InsufficientDiamonds = "insufficient_diamonds";
    public const string BelowMinimum = "below_minimum";
    public const string InvalidPeriod = "invalid_period";
    public const string UnknownMatch = "unknown_match";
    public const string MatchUnderWay = "match_under_way";
    public const string MatchOver = "match_over";
    public const string InvalidMatch = "invalid_match";
    public const string InvalidOrder = "invalid_order";
    public const string ListFull = "list_full";
    public const string InvalidTitle = "invalid_title";
    public const string InvalidAct = "invalid_act";
    public const string UnknownAct = "unknown_act";
    public const string SecondApproverNeeded = "second_approver_needed";
    public const string AlreadyDecided = "already_decided";
    public const string UnknownCampaign = "unknown_campaign";
    public const string CampaignEnded = "campaign_ended";
    public const string CampaignExhausted = "campaign_exhausted";
    public const string InvalidReason = "invalid_reason";
    public const string InvalidKey = "idempotency_key_invalid";
    public const string InvalidProfile = "invalid_profile";
    public const string BackDated = "back_dated";
    public const string IdentityNotVerified = "identity_not_verified";
    public const string TaxFormMissing = "tax_form_missing";
    public const string PayoutAccountMissing = "payout_account_missing";
    public const string ExchangeRateMissing = "exchange_rate_missing";
    public const string NotUndecided = "payout_not_undecided";
    public const string UnknownPayment = "unknown_payment";
    public const string UnknownRefund = "unknown_refund";
    public const string NothingToRefund = "nothing_to_refund";
    public const string PriceChanged = "price_changed";
    public const string GiftNotAvailable = "gift_not_available";
    public const string GiftNotInRegion = "gift_not_in_region";
    public const string LevelTooLow = "level_too_low";
    public const string FansOnly = "fans_only";
    public const string WalletFrozen = "wallet_frozen";
    public const string BalanceTooLarge = "balance_too_large";
}
