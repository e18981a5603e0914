using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Wallets.Tests.Infrastructure;

/// <summary>What silos have warned of, or worse.</summary>
internal sealed class Warnings : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _seen = new();

    public IEnumerable<string> Seen => _seen;

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) _seen.Enqueue(formatter(state, exception));
    }

    public void Dispose()
    {
    }
}
