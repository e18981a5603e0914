using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets.ChaosTests;

[JsonConverter(typeof(JsonStringEnumConverter))]
internal enum Act { Purchase, Gift, Payout }

[JsonConverter(typeof(JsonStringEnumConverter))]
internal enum End
{
    /// <summary>Acknowledged: it must be in the ledger exactly once.</summary>
    Ok,
    /// <summary>Refused, and no attempt before was in doubt: it must not be in the ledger.</summary>
    Refused,
    /// <summary>Nobody knows: it is in the ledger once or not at all.</summary>
    Unknown,
}

/// <summary>One operation as its caller saw it, retries with the same key included.</summary>
/// <param name="Subject">The wallet or creator whose account it is about.</param>
/// <param name="Amount">Coins or diamonds it should move.</param>
/// <param name="Content">What was asked, to tell reused keys apart.</param>
/// <param name="BalanceAfter">What the answer said, if there was one.</param>
internal sealed record Operation(
    Act Act, string Subject, Guid Key, long Amount, string Content, string? Creator, DateTimeOffset InvokedAt, DateTimeOffset EndedAt,
    End End, string Detail, int Attempts, long? BalanceAfter);

/// <summary>Everything that callers did and saw, in memory for the judge and as JSON lines for people.</summary>
internal sealed class History(string file) : IDisposable
{
    private readonly ConcurrentQueue<Operation> _operations = new();
    private readonly StreamWriter _lines = new(file);

    public IReadOnlyCollection<Operation> Operations => _operations;

    public void Add(Operation operation)
    {
        _operations.Enqueue(operation);
        lock (_lines) _lines.WriteLine(JsonSerializer.Serialize(operation));
    }

    public void Dispose() => _lines.Dispose();
}
