using System.Diagnostics;
using System.Text.Json;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests.Cluster;

/// <summary>Money that the provider says has left.</summary>
internal sealed record Transfer(string IdempotencyKey, long AmountMinor);

/// <summary>
/// The sandbox of a payout provider, in a process that no fault touches: its list says what was really paid. It pays each order and cuts
/// the connection instead of answering, so that every payout has to be asked for; for a while now and then it says that orders failed.
/// </summary>
internal sealed class Provider : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private Provider(Process process, Uri url) => (_process, _http) = (process, new HttpClient { BaseAddress = url });

    public static async Task<Provider> Start(int port)
    {
        var url = new Uri($"http://127.0.0.1:{port}");
        var process = Process.Start(new ProcessStartInfo(Repository.Server, ["sandbox-payouts", "--urls", url.ToString()]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadLineAsync();   // its greeting: it listens
        var provider = new Provider(process, url);
        await provider.Behave("lose");
        return provider;
    }

    /// <summary>Pays and fails in turns, until it is told to stop.</summary>
    public async Task Vary(CancellationToken stop)
    {
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(n % 2 == 0 ? 3 : 1), CancellationToken.None), Task.Delay(Timeout.Infinite, stop));
            await Behave(n % 2 == 0 ? "fail" : "lose");
        }
        await Behave("lose");
    }

    private async Task Behave(string order)
    {
        using var behaviour = await _http.PutAsJsonAsync("/control/behaviour", new { order, look = "answer", delayMs = 0, asks = 1 });
        behaviour.EnsureSuccessStatusCode();
    }

    public async Task<IReadOnlyList<Transfer>> Transfers() =>
        await _http.GetFromJsonAsync<Transfer[]>("/control/transfers", JsonSerializerOptions.Web) ?? [];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Shell.Signal(_process.Id, "TERM");
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
