using Orleans.Dashboard;
using Wallets.Server.Api;
using Wallets.Server.Hosting;
using Wallets.Web;

namespace Wallets.Server.Commands;

/// <summary>Runs the server in its role until it is told to stop. All wiring of a process is here.</summary>
internal static class ServeCommand
{
    /// <param name="alter">For a test build that runs this very server with a part of it replaced.</param>
    public static async Task<int> Run(string[] args, CancellationToken stop, Action<IServiceCollection>? alter = null)
    {
        var demo = args.Contains("--demo");
        args = [.. args.Where(arg => arg != "--demo")];   // it has no value, and the configuration would take the next argument for one
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Read(builder.Configuration, builder.Environment);
        if (demo && !(settings.IsDevelopment && settings.HasApi)) throw new BadConfigurationException("--demo is for Development, in role all or gateway.");
        using var dataDirectory = DataDirectory.Claim(settings);

        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(25));
        if (settings.HasSilo) builder.AddSilo(settings);
        else builder.AddGateway(settings);
        builder.AddTokens(settings);
        builder.AddHealth(settings);
        builder.AddTelemetry();
        builder.AddProblems();
        if (settings.HasApi)
        {
            builder.AddApi();
            builder.AddPages(settings, demo);
        }
        builder.WebHost.ConfigureKestrel(ApiHosting.Limit);
        alter?.Invoke(builder.Services);

        await using var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics").ForOperators(settings);
        if (settings.HasApi)
        {
            app.MapApi(settings);
            app.MapSignIn(settings);
            app.MapPages();
        }
        if (settings.HasSilo) app.MapOrleansDashboard("/dashboard").ForOperators(settings);
        if (settings.IsDevelopment && settings.HasApi) app.Lifetime.ApplicationStarted.Register(() => Greeting.Print(app.Urls));

        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync(stop);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop while it still waited for the cluster.
        }
        return 0;
    }
}
