namespace Wallets.Grains.Payments;

/// <summary>Channel <c>dev</c>: any proof <c>dev:…</c> counts as paid. Never open in Production.</summary>
internal sealed class DevChannel : IPaymentChannel
{
    private const string Prefix = "dev:";
    private const int MaxIdLength = 200;

    public string Name => "dev";

    public Outcome<Payment> Identify(string proof)
    {
        var id = proof.StartsWith(Prefix, StringComparison.Ordinal) ? proof[Prefix.Length..] : "";
        return id.Length is 0 or > MaxIdLength || id.Any(char.IsControl)
            ? new Refusal(Refusal.InvalidProof, $"A proof of channel dev is 'dev:' and 1 to {MaxIdLength} characters.")
            : new Payment(Name, id);
    }

    public Task<Outcome<Payment>> Verify(Payment payment, string proof, string userId, CoinPack pack) => Task.FromResult<Outcome<Payment>>(payment);
}
