using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Providers;
using Orleans.Serialization;
using Wallets.Grains.Accounts;
using Wallets.Grains.Acts;
using Wallets.Grains.Figures;
using Wallets.Grains.Matches;
using Wallets.Grains.Payments;
using Wallets.Grains.Payouts;
using Wallets.Grains.Publishing;
using Wallets.Grains.Recognition;
using Wallets.Grains.Settlement;
using Wallets.Grains.Streams;
using Wallets.Ledger;

namespace Wallets.Grains;

public static class GrainsHosting
{
    /// <summary>
    /// Adds everything a silo of wallets needs but its clustering. The engine must be migrated. <paramref name="createLedger"/> is asked once.
    /// </summary>
    public static ISiloBuilder AddWalletsGrains(this ISiloBuilder silo, Func<IServiceProvider, ILedger> createLedger, StateStorage state)
    {
        silo.AddStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, state);
        silo.AddStorage(AccountSnapshot.Storage, state.OfSnapshots);
        silo.AddIncomingGrainCallFilter<FaultFilter>();
        silo.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(nameof(Polly)));   // Orleans tells by it why a call found no place
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddMetrics();
        silo.Services.AddSingleton(createLedger);
        silo.Services.AddSingleton<IWorklist>(services => services.GetRequiredService<ILedger>());
        silo.Services.AddSingleton<IRateCards>(services => services.GetRequiredService<ILedger>());
        silo.Services.AddSingleton<IActs>(services => services.GetRequiredService<ILedger>());
        silo.Services.TryAddSingleton<LedgerWriterOptions>();
        silo.Services.AddSingleton<LedgerMetrics>();
        silo.Services.AddSingleton<LedgerWriter>();
        silo.Services.AddSingleton<GiftMetrics>();
        silo.Services.AddSingleton<PayoutMetrics>();
        silo.Services.AddSingleton<Published>();
        silo.Services.AddSingleton<LiveStreams>();
        silo.Services.AddSingleton<LocalWallets>();
        silo.Services.AddSingleton<HiddenNames>();
        silo.Services.AddSingleton<PaymentChannels>();
        silo.Services.AddSingleton(_ => new Inbox(state));
        silo.Services.AddSingleton<Relay>();
        silo.Services.AddHostedService<ClusterClock>();   // before the relay, and so stopped after it
        silo.Services.AddHostedService(services => services.GetRequiredService<Relay>());
        silo.Services.AddSingleton(new ClusterTask("settlement", grains => grains.GetGrain<ISettlementGrain>(ISettlementGrain.Key).Settle()) { Every = TimeSpan.FromMilliseconds(250) });
        silo.Services.AddSingleton(services => new ClusterTask("late credits", grains => services.GetRequiredService<Relay>().AskForPatience(grains)) { Every = TimeSpan.FromMilliseconds(250) });
        silo.Services.AddSingleton(new ClusterTask("corrections", grains => grains.GetGrain<ICorrectionsGrain>(ICorrectionsGrain.Key).Settle()));
        silo.Services.AddSingleton(new ClusterTask("expiry", grains => grains.GetGrain<IExpiryGrain>(IExpiryGrain.Key).Sweep()));
        silo.Services.AddSingleton(new ClusterTask("campaigns", grains => grains.GetGrain<ICampaignsGrain>(ICampaignsGrain.Key).Sweep()));
        silo.Services.AddSingleton(new ClusterTask("payouts", grains => grains.GetGrain<IPayoutRounds>(IPayoutQueueGrain.Key).Run()));
        silo.Services.AddSingleton(new ClusterTask("recognition", grains => grains.GetGrain<IRecognitionRounds>(IRecognitionRounds.Key).Run()) { Every = TimeSpan.FromMilliseconds(500) });
        silo.Services.AddSingleton(new ClusterTask("matches", grains => grains.GetGrain<IMatchRounds>(IMatchRounds.Key).Run()));
        silo.Services.AddSingleton(new ClusterTask("live streams", grains => grains.GetGrain<IStreamRounds>(IStreamListGrain.Key).Run()));
        silo.Services.AddSingleton(services => new ClusterTask("notifications", grains =>
            Task.WhenAll(services.GetRequiredService<PaymentChannels>().Open.Select(channel => grains.GetGrain<INotificationsGrain>(channel).Handle(hasNew: false)))));
        silo.Services.AddHostedService<FiguresReporter>();
        return silo;
    }

    private static void AddStorage(this ISiloBuilder silo, string name, StateStorage place)
    {
        silo.AddAdoNetGrainStorage(name, storage =>
        {
            storage.Invariant = place.Invariant;
            storage.ConnectionString = place.ConnectionString;
            storage.GrainStorageSerializer = new JsonStateSerializer();
            storage.HashPicker = new ExactKeyHasher();
        });
        StorageThatSaysUnavailable.AddTo(silo.Services, name);
    }
}
