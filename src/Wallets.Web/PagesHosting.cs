using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Wallets.Web.Demo;
using Wallets.Web.Live;

namespace Wallets.Web;

/// <summary>The pages, for a process that can call the grains. They have no other way to the ledger.</summary>
public static class PagesHosting
{
    public static void AddPages(this IServiceCollection services, PagesOptions options, bool demo)
    {
        services.AddSingleton(options);
        services.AddSingleton<StreamWatch>();
        services.AddSingleton<Show>();
        if (demo) services.AddHostedService(provider => provider.GetRequiredService<Show>());
        services.AddMudServices();
        services.AddCascadingAuthenticationState();
        services.AddRazorComponents().AddInteractiveServerComponents();
    }

    /// <summary>After authentication and authorization.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.UseAntiforgery();
        // A test build that runs this server inside its own program has no list of assets, and nobody who looks at its pages.
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, $"{app.Environment.ApplicationName}.staticwebassets.endpoints.json"))) app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
