using System.Diagnostics;
using System.Text.Json;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests.Cluster;

/// <summary>Money that the provider says has left.</summary>
internal sealed record Transfer(string IdempotencyKey, long AmountMinor);

/// <summary>
/// The sandbox of a payout provider, in a process that no fault touches: its list says what was really paid. It pays each order and cuts
/// the connection instead of answering, so that every payout has to be asked for.
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
        using var behaviour = await provider._http.PutAsJsonAsync("/control/behaviour", new { order = "lose", look = "answer", delayMs = 0, asks = 1 });
        behaviour.EnsureSuccessStatusCode();
        return provider;
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
