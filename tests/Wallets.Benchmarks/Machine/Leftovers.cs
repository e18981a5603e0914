using System.Runtime.InteropServices;

namespace Wallets.Benchmarks.Machine;

/// <summary>
/// What has been started and not stopped yet. A run that is interrupted stops all of it before it goes, the latest first, so that
/// no database and no folder outlives the benchmark.
/// </summary>
internal static class Leftovers
{
    private static readonly List<IAsyncDisposable> Started = [];

    public static T Add<T>(T started) where T : IAsyncDisposable
    {
        lock (Started) Started.Add(started);
        return started;
    }

    public static void Remove(IAsyncDisposable stopped)
    {
        lock (Started) Started.Remove(stopped);
    }

    /// <summary>Takes Ctrl-C and SIGTERM as an end that cleans up.</summary>
    public static IDisposable StopOnSignals()
    {
        var registrations = new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, StopAll)).ToList();
        return new Registrations(registrations);
    }

    private static void StopAll(PosixSignalContext context)
    {
        context.Cancel = true;
        IAsyncDisposable[] all;
        lock (Started) all = [.. Started];
        foreach (var started in all.Reverse()) started.DisposeAsync().AsTask().Wait();
        Environment.Exit(128 + 2);
    }

    private sealed class Registrations(List<PosixSignalRegistration> all) : IDisposable
    {
        public void Dispose() => all.ForEach(registration => registration.Dispose());
    }
}
