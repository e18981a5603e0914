using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Accounts;

/// <summary>
/// The claim on one external payment, which makes its proof usable once and by one user. The key is channel and payment id.
/// If a process dies between the claim and the purchase, the same user claims again and the purchase follows.
/// </summary>
[Alias("receipt")]
internal interface IReceiptGrain : IGrainWithStringKey
{
    /// <summary>True if the payment belongs to <paramref name="userId"/>, from now on or since before.</summary>
    [Alias("claim")] Task<bool> Claim(string userId);
}

[GenerateSerializer, Alias("receipt-claim")]
internal sealed class ReceiptClaim
{
    [Id(0)] public string? UserId { get; set; }
}

internal sealed partial class ReceiptGrain(
    [PersistentState("receipt")] IPersistentState<ReceiptClaim> claim,
    GiftMetrics metrics,
    ILogger<ReceiptGrain> logger) : Grain, IReceiptGrain
{
    public async Task<bool> Claim(string userId)
    {
        if (claim.State.UserId is { } owner)
        {
            if (owner == userId) return true;
            metrics.ProofOfAnother();
            LogProofOfAnother(this.GetPrimaryKeyString(), owner, userId);
            return false;
        }

        try
        {
            claim.State.UserId = userId;
            await claim.WriteStateAsync();
            return true;
        }
        catch (Exception)
        {
            DeactivateOnIdle();   // memory is ahead of storage
            throw;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Payment {Payment} of {Owner} was offered by {Other}")]
    private partial void LogProofOfAnother(string payment, string owner, string other);
}
