using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Polly;
using Polly.Retry;

namespace Wallets;

/// <summary>
/// The way in for a .NET front end: grain calls that move value, retried with the same key while their outcome is unknown.
/// A retry can never act twice, because the key is what the ledger is unique by. Refusals are answers and are not retried;
/// neither is <see cref="OverloadedException"/>, which asks for less work, not more.
/// </summary>
public sealed class WalletsClient(IGrainFactory grains)
{
    /// <summary>How long one attempt may take before its outcome counts as unknown.</summary>
    public static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);

    private static readonly ResiliencePipeline SameKey = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(IsWorthRetrying),
            MaxRetryAttempts = 6,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = TimeSpan.FromSeconds(2),
        })
        .Build();

    public Task<Outcome<GiftReceipt>> SendGift(Caller caller, string userId, GiftOrder order) =>
        WithSameKey(() => grains.GetGrain<IWalletGrain>(userId).SendGift(caller, order));

    public Task<Outcome<Purchase>> Purchase(Caller caller, string userId, PurchaseOrder order) =>
        WithSameKey(() => grains.GetGrain<IWalletGrain>(userId).Purchase(caller, order));

    public Task<Outcome<Payout>> RequestPayout(Caller caller, string creatorId, Guid key, Diamonds diamonds) =>
        WithSameKey(() => grains.GetGrain<IEarningsGrain>(creatorId).RequestPayout(caller, key, diamonds));

    /// <summary>
    /// Calls until the outcome is known or the attempts are used up. Once one attempt's outcome was unknown, neither a later failure
    /// nor a later refusal says that nothing was written, so the whole is unknown.
    /// </summary>
    private static async Task<Outcome<T>> WithSameKey<T>(Func<Task<Outcome<T>>> call) where T : class
    {
        var mayHaveCommitted = false;
        try
        {
            var outcome = await SameKey.ExecuteAsync(async _ =>
            {
                try
                {
                    return await call();
                }
                catch (Exception fault) when (IsUnknown(fault))
                {
                    mayHaveCommitted = true;
                    throw;
                }
            });
            // An earlier attempt that is still on its way may yet commit what this one was refused.
            return outcome.IsOk || !mayHaveCommitted ? outcome : throw new OutcomeUnknownException();
        }
        catch (Exception fault) when (IsUnknown(fault) || (mayHaveCommitted && fault is UnavailableException))
        {
            throw new OutcomeUnknownException();
        }
    }

    private static bool IsWorthRetrying(Exception fault) => fault is not OverloadedException && (fault is UnavailableException || IsUnknown(fault));

    private static bool IsUnknown(Exception fault) => fault is OutcomeUnknownException or TimeoutException or OrleansException or SiloUnavailableException;
}

public static class WalletsClientHosting
{
    /// <summary>
    /// Registers an Orleans client with time-outs fit for money (an attempt answers or is unknown within
    /// <see cref="WalletsClient.AttemptTimeout"/>) and <see cref="WalletsClient"/>. <paramref name="configure"/> says where the cluster is.
    /// </summary>
    public static IHostApplicationBuilder AddWalletsClient(this IHostApplicationBuilder builder, Action<IClientBuilder> configure)
    {
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = WalletsClient.AttemptTimeout);
            client.AddActivityPropagation();
            configure(client);
        });
        builder.Services.AddSingleton<WalletsClient>();
        return builder;
    }
}
