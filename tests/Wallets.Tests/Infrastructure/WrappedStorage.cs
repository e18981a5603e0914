using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Wallets.Tests.Infrastructure;

/// <summary>A silo's real storage of grain state, all of it, for tests that let its writes misbehave.</summary>
internal abstract class WrappedStorage(IGrainStorage inner) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    public static void Put(IServiceCollection services, Func<IGrainStorage, WrappedStorage> around)
    {
        foreach (var storage in services.Where(service => service.ServiceType == typeof(IGrainStorage) && service.IsKeyedService).ToList())
        {
            services.Remove(storage);
            services.AddKeyedSingleton<IGrainStorage>(storage.ServiceKey, (all, name) => around((IGrainStorage)storage.KeyedImplementationFactory!(all, name)));
        }
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ReadStateAsync(stateName, grainId, grainState);
    public virtual Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.WriteStateAsync(stateName, grainId, grainState);
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ClearStateAsync(stateName, grainId, grainState);
    public void Participate(ISiloLifecycle observer) => ((ILifecycleParticipant<ISiloLifecycle>)inner).Participate(observer);
}
