namespace Wallets.Benchmarks.Contenders;

/// <summary>The contenders by the names that reports, files and options use, in the order they are shown.</summary>
internal static class Names
{
    public const string Ours = "ours";
    public const string OursOn3Silos = "ours_3_silos";
    public const string OursOverHttp = "ours_http";
    public const string StoredProcedure = "stored_procedure";
    public const string BatchedSql = "stored_procedure_batched";
    public const string AdoNetState = "adonet_state";
    public const string AdoNetStateTuned = "adonet_state_tuned";
    public const string Transactions = "orleans_transactions";
    public const string CopyLimit = "copy_limit";

    public static IReadOnlyList<string> All { get; } = [Ours, OursOn3Silos, OursOverHttp, StoredProcedure, BatchedSql, AdoNetState, AdoNetStateTuned, Transactions, CopyLimit];

    public static IContender Create(string name) => name switch
    {
        Ours => new OursByGrains(silos: 1),
        OursOn3Silos => new OursByGrains(silos: 3),
        OursOverHttp => new OursOverHttp(),
        StoredProcedure => new StoredProcedure(),
        BatchedSql => new BatchedSql(),
        AdoNetState => new OrleansNode(NodeKind.AdoNetState),
        AdoNetStateTuned => new OrleansNode(NodeKind.AdoNetStateTuned),
        Transactions => new OrleansNode(NodeKind.Transactions),
        CopyLimit => new CopyLimit(),
        _ => throw new ArgumentException($"There is no contender '{name}'; there are {string.Join(", ", All)}."),
    };
}
