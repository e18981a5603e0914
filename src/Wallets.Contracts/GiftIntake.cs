namespace Wallets;

/// <summary>
/// Where the gifts of a front end's viewers come in, many in one call: a call of its own costs more than the rest of a gift. Any silo's
/// will do. It brings each to its wallet, and the answers come as they are there, so that no gift waits for a slower one.
/// </summary>
[Alias("gift-intake")]
public interface IGiftIntake : IGrainWithIntegerKey
{
    /// <summary>
    /// Returns when the gifts are on their way to their wallets. Each is answered to <paramref name="answers"/> once, or never if a silo
    /// or a connection dies; then its outcome is unknown.
    /// </summary>
    [Alias("take")] Task Take([Immutable] GiftCall[] gifts, IGiftAnswers answers);
}

/// <summary>A front end that waits for answers of <see cref="IGiftIntake"/>.</summary>
[Alias("gift-answers")]
public interface IGiftAnswers : IGrainObserver
{
    [Alias("hear")] Task Hear([Immutable] GiftAnswer[] answers);
}

/// <summary>A call of <see cref="IWalletGrain.SendGift"/> among others.</summary>
/// <param name="Id">What its answer will be known by; the front end's own.</param>
/// <param name="Trace">The W3C trace that it belongs to, if that is recorded.</param>
[GenerateSerializer, Immutable, Alias("gift-call")]
public readonly record struct GiftCall(long Id, Caller Caller, string UserId, GiftOrder Order, string? Trace);

/// <param name="Outcome">What the wallet answered, if it did.</param>
/// <param name="Fault">What the call threw, if it did.</param>
[GenerateSerializer, Immutable, Alias("gift-answer")]
public readonly record struct GiftAnswer(long Id, Outcome<GiftReceipt> Outcome, Exception? Fault);
