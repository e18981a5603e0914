namespace Wallets.Grains.Payouts;

/// <summary>What a provider's answer means for a payout. Pure.</summary>
/// <param name="End">How it ends, if the answer settles that.</param>
/// <param name="Problem">Why the end is not known, null while it is simply on its way.</param>
/// <param name="SaidFailed">The reason of a first "failed": diamonds that return can be cashed out again, so it must be said twice.</param>
internal readonly record struct PayoutVerdict(PayoutEnd? End = null, string? Problem = null, string? SaidFailed = null)
{
    public const int MaxText = 300;
    private const string AskOnceMore = "it is asked once more before the diamonds return.";

    public static PayoutVerdict Of(PayoutAnswer answer, Money payable, string? saidFailed) => answer switch
    {
        PayoutAnswer.Paid paid when AddsUp(paid, payable) => new(new PayoutEnd(Payout.Paid, paid.Fee, paid.PaidOut, paid.Reference, null, null)),
        PayoutAnswer.Paid paid => new(Problem: $"The provider says that it paid {paid.PaidOut} and kept {paid.Fee}, which is not the {payable} to be paid."),
        PayoutAnswer.Pending => default,
        PayoutAnswer.Failed failed when saidFailed is not null => new(Failed(Reason(failed))),
        PayoutAnswer.Failed failed => new(Problem: $"The provider says that it failed ({Reason(failed)}); {AskOnceMore}", SaidFailed: Reason(failed)),
        PayoutAnswer.NotFound when saidFailed is not null => new(Failed(saidFailed)),
        PayoutAnswer.NotFound => new(Problem: "The provider does not know it."),
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, "is no answer"),
    };

    public static string Shortened(string text) => text.Length <= MaxText ? text : text[..MaxText];

    private static PayoutEnd Failed(string reason) => new(Payout.Failed, null, null, null, reason, null);

    private static string Reason(PayoutAnswer.Failed failed) => Shortened($"{failed.Code}: {failed.Reason}");

    private static bool AddsUp(PayoutAnswer.Paid paid, Money payable) =>
        paid.Fee.Currency == payable.Currency && paid.PaidOut.Currency == payable.Currency
        && paid.Fee.AmountMinor >= 0 && paid.PaidOut.AmountMinor >= 0
        && (Int128)paid.Fee.AmountMinor + paid.PaidOut.AmountMinor == payable.AmountMinor;
}
