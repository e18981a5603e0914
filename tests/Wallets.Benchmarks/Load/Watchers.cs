using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Load;

/// <summary>The viewers of one stream: a <see cref="WatchCommand"/> in a process of its own, and what it says.</summary>
internal sealed class Watchers : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<(long At, long Pieces)> _seen = new();
    private readonly ConcurrentQueue<(long At, long Frames, long Bytes, int Lost)> _counts = new();

    private Watchers(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
    }

    public int Pid => _process.Id;

    /// <summary>When frames came at sampled connections, and what their totals counted.</summary>
    public IEnumerable<(long At, long Pieces)> Seen => _seen;

    public static async Task<Watchers> Start(Uri hub, Guid stream, int connections)
    {
        string[] arguments = ["watch", "--url", $"{hub}", "--stream", $"{stream}", "--connections", connections.ToString(CultureInfo.InvariantCulture)];
        var process = Process.Start(new ProcessStartInfo(OwnProgram.Path, arguments) { RedirectStandardOutput = true })!;
        var watchers = Leftovers.Add(new Watchers(process));
        await watchers._ready.Task.WaitAsync(TimeSpan.FromMinutes(2));
        return watchers;
    }

    /// <summary>From now on the viewers and their gateway get only what processor time everything else leaves: they would be on other machines.</summary>
    public async Task StepBack(int gatewayPid)
    {
        foreach (var pid in new[] { Pid, gatewayPid })
            await Tests.Shared.Shell.Run("sh", "-c", $"for thread in /proc/{pid}/task/*; do chrt --idle --pid 0 ${{thread##*/}} || true; done");
    }

    /// <summary>Frames a second at each connection, their mean size in bytes, and connections lost, in a time.</summary>
    public (double FramesPerSecond, double Bytes, int Lost) Between(long from, long to, int connections)
    {
        var within = _counts.Where(count => count.At >= from && count.At <= to).ToList();
        if (within.Count < 2) return default;
        var (first, last) = (within[0], within[^1]);
        var frames = last.Frames - first.Frames;
        return (frames / Stopwatch.GetElapsedTime(first.At, last.At).TotalSeconds / connections, frames == 0 ? 0 : (double)(last.Bytes - first.Bytes) / frames, last.Lost);
    }

    private void Take(string? line)
    {
        var words = (line ?? "").Split(' ');
        long Number(int at) => long.Parse(words[at], CultureInfo.InvariantCulture);
        switch (words[0])
        {
            case "ready": _ready.SetResult(); break;
            case "F": _seen.Enqueue((Number(1), Number(2))); break;
            case "C": _counts.Enqueue((Number(1), Number(2), Number(3), (int)Number(4))); break;
            case "": _ready.TrySetException(new InvalidOperationException("The viewers ended before they had joined.")); break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Leftovers.Remove(this);
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
