using Wallets.ChaosTests.Node;

namespace Wallets.ChaosTests;

/// <summary>How a planted bug is brought out, and what the judge must then say.</summary>
/// <param name="Faults">What provokes it.</param>
/// <param name="Minutes">How long it takes to.</param>
/// <param name="Sql">The part of it that is in the database, if any.</param>
/// <param name="Breaks">Invariants of which at least one must be found broken.</param>
internal sealed record Plant(string Name, Bug Bug, string Faults, double Minutes, string? Sql, IReadOnlyList<int> Breaks)
{
    public static IReadOnlyList<Plant> All { get; } =
    [
        new("skip-fence", Bug.SkipFence, "none", 0.15, "ALTER TABLE entries DROP CONSTRAINT entries_pkey; CREATE INDEX ON entries (account_id, seq)", [3]),
        new("skip-credit-dedup", Bug.SkipCreditDedup, "deliver-twice", 0.2, "DROP INDEX entries_credit; CREATE INDEX ON entries (transfer_id, counterparty, account_id) WHERE kind = 11", [4]),
        new("acknowledge-before-commit", Bug.AcknowledgeBeforeCommit, "kill-silo", 0.2, null, [5]),
        new("lose-relay-batch", Bug.LoseRelayBatch, "none", 0.15, null, [8]),
        new("drop-origin", Bug.DropOrigin, "none", 0.15, null, [4]),
        new("broken-session-goes-on", Bug.BrokenSessionGoesOn, "backends-killed", 0.2, null, [3, 5]),
        new("lose-clawbacks", Bug.LoseClawbacks, "none", 0.15, null, [4, 8]),
        new("claim-for-anybody", Bug.ClaimForAnybody, "none", 0.3, null, [5]),
    ];

    public static Plant Named(string name) => All.FirstOrDefault(plant => plant.Name == name) ?? throw new ArgumentException($"There is no planted bug '{name}'.");
}
