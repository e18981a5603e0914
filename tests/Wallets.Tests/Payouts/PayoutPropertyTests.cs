using CsCheck;
using Wallets.Server.Payouts;
using Wallets.Tests.Infrastructure;
using Xunit;

namespace Wallets.Tests.Payouts;

/// <summary>Any sequence of payouts against a provider that changes its ways at any time.</summary>
public sealed class PayoutPropertyTests(Databases databases, PayoutSandbox sandbox) : IClassFixture<PayoutSandbox>
{
    private static readonly Gen<SandboxBehaviour> Behaviours = Gen.Select(
        Gen.OneOf("pay", "pending", "fail", "lose", "drop", "error", "twice", "contradict"),
        Gen.OneOf("answer", "answer", "answer", "drop", "error"),
        Gen.OneOf("", "", "", "json", "status", "amount", "key"),
        Gen.Int[0, 100],
        (order, look, nonsense, delay) => new SandboxBehaviour(order, look, nonsense.Length == 0 ? null : nonsense, delay, Asks: 2));

    private static readonly Gen<(SandboxBehaviour Behaviour, int Diamonds)[]> Plans = Gen.Select(Behaviours, Gen.Int[1, 60]).Array[3, 8];

    /// <summary>Each payout ends; what left the provider is exactly what the ledger says was paid; nothing left twice.</summary>
    [Fact]
    public async Task What_left_the_provider_is_what_the_ledger_says_was_paid()
    {
        await using var cluster = await sandbox.Cluster(await databases.Create(Engine.Sqlite));
        await Plans.SampleAsync(async plan =>
        {
            await sandbox.Behave();
            var creator = await cluster.CreatorWith(200);
            var keys = new List<Guid>();
            foreach (var (behaviour, diamonds) in plan)
            {
                await sandbox.Behave(behaviour);
                var key = Some.Key();
                if ((await cluster.CashOut(creator, diamonds, key)).IsOk) keys.Add(key);
                await Task.WhenAny(cluster.PayoutIs(creator, keys[^1], Payout.Paid), Task.Delay(behaviour.DelayMs));   // sometimes it gets far
            }
            await sandbox.Behave();
            var ended = new List<Payout>();
            foreach (var key in keys) ended.Add(await Eventually.Is(() => cluster.PayoutOf(creator, key), payout => payout.EndedAt is not null));

            var paid = ended.Where(payout => payout.Status == Payout.Paid).ToList();
            Assert.Equal(paid.Select(payout => payout.Payable.AmountMinor).Order(), (await sandbox.TransfersTo(creator)).Select(transfer => transfer.AmountMinor).Order());
            var diamondsNow = await cluster.Diamonds(creator);
            Assert.Equal((paid.Sum(payout => payout.Diamonds.Value), 0), (diamondsNow.Paid.Value, diamondsNow.Reserved.Value));
        }, iter: 12, threads: 1);
        await cluster.IsClean();
    }
}
