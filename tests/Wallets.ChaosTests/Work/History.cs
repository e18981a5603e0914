using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Wallets.ChaosTests.Work;

/// <summary><see cref="Checkout"/> is a payment that a checkout tells of, <see cref="Tale"/> what it tells of that payment later.</summary>
internal enum Act { Purchase, Gift, Payout, Refund, Adjust, Freeze, Grant, Checkout, Tale }

internal enum End
{
    /// <summary>Acknowledged: it must be in the ledger exactly once.</summary>
    Ok,

    /// <summary>Refused, and no attempt before was in doubt: it must not be in the ledger.</summary>
    Refused,

    /// <summary>Nobody knows: it is in the ledger once or not at all.</summary>
    Unknown,
}

/// <summary>What a caller wants, under one key.</summary>
/// <param name="Subject">The wallet or creator whose account it is about.</param>
/// <param name="Amount">Coins or diamonds it should move.</param>
/// <param name="Content">What was asked, to tell reused keys apart.</param>
/// <param name="Creator">Whom a gift is for; what a checkout tells.</param>
internal sealed record Wish(Act Act, string Subject, Guid Key, long Amount, string Content, string? Creator);

/// <summary>One operation as its caller saw it, retries with the same key included.</summary>
/// <param name="Code">Why it was refused, or what was last known.</param>
/// <param name="BalanceAfter">What the answer said, if there was one.</param>
/// <param name="Doubt">How the first attempt in doubt ended, if there was one.</param>
internal sealed record Operation(Wish Wish, DateTimeOffset InvokedAt, DateTimeOffset EndedAt, End End, string Code, int Attempts, long? BalanceAfter, string? Doubt)
{
    public TimeSpan Took => EndedAt - InvokedAt;
}

/// <summary>Everything that callers did and saw: in memory for the judge, and as JSON lines, one when it is invoked and one when it ends.</summary>
internal sealed class History(string file) : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly ConcurrentQueue<Operation> _operations = new();
    private readonly StreamWriter _lines = new(file);
    private long _invoked;

    public IReadOnlyCollection<Operation> Operations => _operations;

    public long Invoke(Wish wish, DateTimeOffset at)
    {
        var id = Interlocked.Increment(ref _invoked);
        Write(new { id, type = "invoke", at, act = wish.Act.ToString(), wish.Subject, wish.Key, wish.Amount, wish.Content, wish.Creator });
        return id;
    }

    public void Ended(long id, Operation operation)
    {
        _operations.Enqueue(operation);
        Write(new { id, type = operation.End.ToString().ToLowerInvariant(), at = operation.EndedAt, code = operation.Code, operation.Attempts, operation.BalanceAfter, operation.Doubt });
    }

    private void Write(object line)
    {
        var text = JsonSerializer.Serialize(line, Json);
        lock (_lines) _lines.WriteLine(text);
    }

    public void Dispose() => _lines.Dispose();
}
