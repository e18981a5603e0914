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
public sealed class WalletsClient(IGrainFactory grains, LostConnections lostConnections)
{
    /// <summary>How long one attempt may take before its outcome counts as unknown.</summary>
    public static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a refusal waits for an earlier attempt whose answer may be lost, before the whole is unknown.</summary>
    private static readonly TimeSpan PatienceWithTheLost = TimeSpan.FromMilliseconds(500);

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

    private readonly GiftBatches _gifts = new(grains, lostConnections);

    public Task<Outcome<GiftReceipt>> SendGift(Caller caller, string userId, GiftOrder order) =>
        WithSameKey(() => _gifts.Send(caller, userId, order));

    public Task<Outcome<Streak>> SendStreak(Caller caller, string userId, StreakOrder order) =>
        WithSameKey(() => grains.GetGrain<IWalletGrain>(userId).SendStreak(caller, order));

    public Task<Outcome<Purchase>> Purchase(Caller caller, string userId, PurchaseOrder order) =>
        WithSameKey(() => grains.GetGrain<IPurchaseGrain>(userId).Purchase(caller, order));

    public Task<Outcome<Payout>> RequestPayout(Caller caller, string creatorId, Guid key, Diamonds diamonds) =>
        WithSameKey(() => grains.GetGrain<IEarningsGrain>(creatorId).RequestPayout(caller, key, diamonds));

    /// <summary>
    /// Calls until the outcome is known or the attempts are used up. An attempt under way when a connection to the cluster is lost may
    /// have lost its answer with it, so the key is asked again at once.
    /// </summary>
    private async Task<Outcome<T>> WithSameKey<T>(Func<Task<Outcome<T>>> call) where T : class
    {
        var lost = lostConnections.Next;
        Task<Outcome<T>>? attempt = null;
        try
        {
            attempt = call();
            return await attempt.WaitAsync(lost);   // nearly always; a pipeline around each call would cost a front end as much again
        }
        catch (Exception fault) when (IsWorthRetrying(fault))
        {
            return await AskAgain(call, attempt, lost);
        }
    }

    /// <summary>
    /// Once one attempt's outcome stays unknown, neither a later failure nor a later refusal says that nothing was written, so the whole is
    /// unknown. The <paramref name="first"/> attempt counts among the others.
    /// </summary>
    private async Task<Outcome<T>> AskAgain<T>(Func<Task<Outcome<T>>> call, Task<Outcome<T>>? first, CancellationToken lostAtFirst) where T : class
    {
        var unanswered = new List<Task<Outcome<T>>>();
        var mayHaveCommitted = false;
        try
        {
            var outcome = await SameKey.ExecuteAsync(async _ =>
            {
                var lost = first is null ? lostConnections.Next : lostAtFirst;
                var attempt = first ?? call();
                first = null;
                try
                {
                    return await attempt.WaitAsync(lost);
                }
                catch (OperationCanceledException) when (!attempt.IsCompleted)
                {
                    unanswered.Add(attempt);
                    throw new OutcomeUnknownException();
                }
                catch (Exception fault) when (IsUnknown(fault))
                {
                    mayHaveCommitted = true;
                    throw;
                }
            });
            if (outcome.IsOk) return outcome;
            // An earlier attempt that is still on its way may yet commit what this one was refused.
            return mayHaveCommitted ? throw new OutcomeUnknownException() : await AnswerOf(unanswered) ?? outcome;
        }
        catch (Exception fault) when (IsUnknown(fault) || ((mayHaveCommitted || unanswered.Count > 0) && fault is UnavailableException))
        {
            throw new OutcomeUnknownException();
        }
    }

    /// <summary>The success among attempts, or null if all say that nothing was written. Throws if one does not say, or not soon.</summary>
    private static async Task<Outcome<T>?> AnswerOf<T>(List<Task<Outcome<T>>> attempts) where T : class
    {
        Outcome<T>? success = null;
        foreach (var attempt in attempts)
        {
            try
            {
                if (await attempt.WaitAsync(PatienceWithTheLost) is { IsOk: true } outcome) success = outcome;
            }
            catch (UnavailableException)
            {
                // Nothing was written.
            }
        }
        return success;
    }

    private static bool IsWorthRetrying(Exception fault) => fault is not OverloadedException && (fault is UnavailableException || IsUnknown(fault));

    /// <summary>Nobody here cancels a call: a cancellation comes from a cluster that could not place it in time.</summary>
    private static bool IsUnknown(Exception fault) => fault is not UnavailableException and (OutcomeUnknownException or TimeoutException or OrleansException or OperationCanceledException);
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
            client.AddGatewayCountChangedHandler(services => (_, change) =>
            {
                if (change.NumberOfConnectedGateways < change.PreviousNumberOfConnectedGateways) services.GetRequiredService<LostConnections>().Tell();
            });
            configure(client);
        });
        builder.Services.AddWalletsClient();
        return builder;
    }

    /// <summary>Registers <see cref="WalletsClient"/> where there is a grain factory already.</summary>
    public static IServiceCollection AddWalletsClient(this IServiceCollection services) => services.AddSingleton<LostConnections>().AddSingleton<WalletsClient>();
}

/// <summary>Tells those who wait for an answer that a connection to the cluster is lost, on which it may have been.</summary>
public sealed class LostConnections
{
    private CancellationTokenSource _next = new();

    /// <summary>Cancelled when the next connection is lost.</summary>
    public CancellationToken Next => Volatile.Read(ref _next).Token;

    internal void Tell() => Interlocked.Exchange(ref _next, new()).Cancel();   // not disposed: a caller may be about to wait on it
}
