using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Wallets.Tests.Shared;

namespace Wallets.Tests.Infrastructure;

/// <summary>The real server in a process of its own, which can be killed as a machine would be.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly List<string> _output = [];
    private readonly Process _process;

    private ServerProcess(Process process, string url)
    {
        (_process, Url) = (process, url);
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Url { get; }
    public string Output { get { lock (_output) return string.Join('\n', _output); } }
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;

    /// <summary>The most memory it has had at once, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Starts the all-in-one server on SQLite in <paramref name="folder"/>, on free ports.</summary>
    public static async Task<ServerProcess> StartAllInOne(string folder, params string[] settings)
    {
        var server = Start(folder, [$"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}", "--Wallets:Hold=0", .. settings]);
        await server.IsReady();
        return server;
    }

    public static ServerProcess Start(string folder, string[] arguments, string environment = "Development")
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        return Run(Repository.Server, folder, [.. arguments, "--urls", url], url, environment);
    }

    /// <summary>Runs a program that serves on <paramref name="url"/>; an environment of null is left to the program.</summary>
    public static ServerProcess Run(string program, string folder, string[] arguments, string url, string? environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        if (environment is not null) start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        return new ServerProcess(Process.Start(start)!, url);
    }

    public async Task IsReady()
    {
        using var http = new HttpClient();
        await Eventually.Is(async () =>
        {
            if (_process.HasExited) throw new InvalidOperationException($"The server ended with {_process.ExitCode}: {Output}");
            try
            {
                return (await http.GetAsync($"{Url}/health/ready")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, ready => ready, withinSeconds: 60);
    }

    /// <summary>kill -9, of the processes it started as well.</summary>
    public async Task Kill()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task Terminate()
    {
        await Shell.Signal(_process.Id, "TERM");
        await _process.WaitForExitAsync();
    }

    public Task WaitForExit() => _process.WaitForExitAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await Kill();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output) _output.Add(line.Data ?? "");
    }
}

/// <summary>A client of the HTTP API that speaks as one user.</summary>
public sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;

    private ApiClient(HttpClient http) => _http = http;

    public static async Task<ApiClient> As(string url, string subject, params string[] roles)
    {
        var http = new HttpClient { BaseAddress = new Uri(url) };
        var answer = await http.PostAsJsonAsync("/dev/token", new { sub = subject, roles });
        answer.EnsureSuccessStatusCode();
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();
        var client = new ApiClient(http);
        client.Bearer(token!);
        return client;
    }

    public static ApiClient Anonymous(string url) => new(new HttpClient { BaseAddress = new Uri(url) });

    /// <summary>Has another client speak as the same user.</summary>
    public void Lend(HttpClient other) => other.DefaultRequestHeaders.Authorization = _http.DefaultRequestHeaders.Authorization;

    public void Bearer(string token) => _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

    public Task<ApiAnswer> Get(string path) => Send(HttpMethod.Get, path, null, null);

    public Task<ApiAnswer> Post(string path, object? body, string? key = null) => Send(HttpMethod.Post, path, body is null ? null : JsonContent.Create(body), key);

    public async Task<ApiAnswer> Send(HttpMethod method, string path, HttpContent? content, string? key)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new ApiAnswer(
            (int)response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            response.Headers.TryGetValues("Idempotency-Replayed", out var replayed) && replayed.Single() == "true",
            text);
    }

    public void Dispose() => _http.Dispose();
}

public sealed record ApiAnswer(int Status, string? MediaType, bool Replayed, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
    public string? Code => Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    public JsonElement this[string name] => Json.GetProperty(name);
    public string String(string name) => this[name].GetString()!;
    public long Long(string name) => this[name].GetInt64();
}
