namespace Wallets.Grains.Accounts;

/// <summary>A payment that a channel vouches for. <see cref="Id"/> is the channel's own and makes the payment count once.</summary>
internal sealed record Payment(string Channel, string Id)
{
    public const string DevChannel = "dev";
    private const string DevPrefix = "dev:";
    private const int MaxIdLength = 200;

    /// <summary>Reads a proof; a refusal if the channel is not open or the proof is not one of its own.</summary>
    public static (Payment? Payment, Refusal? Refusal) Verify(string channel, string proof, bool allowDev)
    {
        if (channel != DevChannel || !allowDev)
            return (null, new Refusal(Refusal.UnknownChannel, $"Channel '{channel}' is not open for purchases."));
        var id = proof.StartsWith(DevPrefix, StringComparison.Ordinal) ? proof[DevPrefix.Length..] : "";
        if (id.Length is 0 or > MaxIdLength || id.Any(char.IsControl))
            return (null, new Refusal(Refusal.InvalidProof, $"A proof of channel dev is 'dev:' and 1 to {MaxIdLength} characters."));
        return (new Payment(channel, id), null);
    }
}
