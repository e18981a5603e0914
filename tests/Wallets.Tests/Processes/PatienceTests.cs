using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Wallets.Server.Hosting;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>How long a silo waits for another's answer.</summary>
public sealed class PatienceTests
{
    [Fact]
    public async Task What_silos_ask_each_other_is_given_up_after_as_long_as_a_callers_attempt()
    {
        var builder = WebApplication.CreateBuilder(["--environment=Development"]);
        builder.AddSilo(Settings.Read(builder.Configuration, builder.Environment));
        await using var app = builder.Build();

        var messaging = app.Services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;

        Assert.Equal((WalletsClient.AttemptTimeout, WalletsClient.AttemptTimeout), (messaging.ResponseTimeout, messaging.SystemResponseTimeout));
    }
}
