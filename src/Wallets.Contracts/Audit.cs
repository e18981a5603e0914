using Orleans.Concurrency;

namespace Wallets;

/// <summary>Audits of the ledger, for operators. Key: <see cref="Key"/>.</summary>
[Alias("audit")]
public interface IAuditGrain : IGrainWithStringKey
{
    const string Key = "audit";

    /// <summary>Starts an audit unless one is running, and answers with what is known of it.</summary>
    [Alias("start")] Task<Outcome<AuditView>> Start(Caller caller);

    [AlwaysInterleave, Alias("latest")] Task<Outcome<AuditView>> GetLatest(Caller caller);
}

/// <param name="Status"><c>running</c>, <c>clean</c>, <c>violated</c> or <c>failed</c>.</param>
/// <param name="InFlight">Gifts committed and not settled yet.</param>
/// <param name="Books">The trial balance; per asset it sums to zero.</param>
/// <param name="Violations">One line for each broken invariant found.</param>
[GenerateSerializer, Immutable, Alias("audit-view")]
public sealed record AuditView(
    string Status, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, long Accounts, long Entries, long InFlight, BookBalance[] Books, string[] Violations)
{
    public const string Running = "running";
    public const string Clean = "clean";
    public const string Violated = "violated";
    public const string Failed = "failed";
}

[GenerateSerializer, Immutable, Alias("book-balance")]
public sealed record BookBalance(string Asset, string Account, long Balance);
