using Microsoft.Extensions.Logging;

namespace Wallets.Grains.Accounts;

/// <summary>
/// Answers on their way to one front end: those that come while earlier ones are under way go together. They need no pause of their own:
/// they come as the flushes end, which have one. Wallets add from any thread. What it loses, the front end asks for again, with the same key.
/// </summary>
internal sealed partial class GiftOutbox(IGiftAnswers frontEnd, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly List<GiftAnswer> _ready = [];
    private bool _isTelling;
    private int _open;

    /// <summary>Whether nothing is owed to the front end.</summary>
    public bool IsEmpty { get { lock (_lock) return _open == 0; } }

    /// <summary>So many gifts will be answered.</summary>
    public void Expect(int gifts)
    {
        lock (_lock) _open += gifts;
    }

    public void Add(GiftAnswer answer)
    {
        lock (_lock)
        {
            _ready.Add(answer);
            if (_isTelling) return;
            _isTelling = true;
        }
        using var _ = ExecutionContext.SuppressFlow();   // it tells more than this answer
        Task.Run(Tell);   // never throws
    }

    private async Task Tell()
    {
        while (Take() is { } answers)
        {
            try
            {
                await frontEnd.Hear(answers);
            }
            catch (Exception fault)
            {
                LogNotTold(fault, answers.Length);
            }
        }
    }

    /// <summary>What is ready, or null if nothing is; then the next answer begins another telling.</summary>
    private GiftAnswer[]? Take()
    {
        lock (_lock)
        {
            if (_ready.Count == 0)
            {
                _isTelling = false;
                return null;
            }
            GiftAnswer[] taken = [.. _ready];
            _ready.Clear();
            _open -= taken.Length;
            return taken;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Gifts} answers did not reach their front end, which will ask again")]
    private partial void LogNotTold(Exception fault, int gifts);
}
