using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Wallets.Tests.Infrastructure;

/// <summary>The real HTTP server of an outside party, for a test to map what it answers.</summary>
internal static class OutsideServer
{
    public static WebApplication Build(string url)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Services.AddRoutingCore();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var server = builder.Build();
        server.UseRouting();
        return server;
    }
}
