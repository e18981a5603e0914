using System.Net;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Wallets.Grains.Payments;

/// <summary>
/// Questions to a store. What fails in passing is tried again within the time that a caller of a wallet waits; then the store is
/// unavailable. Closing it closes the connections.
/// </summary>
internal sealed class StoreHttp(string store) : IDisposable
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);   // so that a change of address is noticed
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(4);

    private static readonly ResiliencePipeline<HttpResponseMessage> InTime = new ResiliencePipelineBuilder<HttpResponseMessage>()
        .AddTimeout(TimeSpan.FromSeconds(3.5))
        .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>().Handle<TimeoutRejectedException>().HandleResult(answer => IsPassing(answer.StatusCode)),
            MaxRetryAttempts = 2,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
        })
        .AddTimeout(TimeSpan.FromSeconds(1.5))
        .Build();

    public HttpClient Client { get; } = new(new SocketsHttpHandler { PooledConnectionLifetime = ConnectionLifetime }) { Timeout = LongestRequest };

    /// <summary>The answer, whatever its status. Must be safe to repeat.</summary>
    public async Task<HttpResponseMessage> Ask(Func<HttpRequestMessage> question)
    {
        try
        {
            return await InTime.ExecuteAsync(async cancellation =>
            {
                using var request = question();
                return await Client.SendAsync(request, cancellation);
            });
        }
        catch (Exception fault) when (fault is HttpRequestException or TimeoutRejectedException or OperationCanceledException)
        {
            throw Unavailable("does not answer");
        }
    }

    public UnavailableException Unavailable(string what) => new($"{store} {what}; nothing was written.");

    /// <summary>Whether the same question may be answered otherwise a little later.</summary>
    public static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;

    public void Dispose() => Client.Dispose();
}
