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
    public async Task A_question_for_a_grains_address_that_is_lost_costs_its_callers_one_attempt()
    {
        var builder = WebApplication.CreateBuilder(["--environment=Development"]);
        builder.AddSilo(Settings.Read(builder.Configuration, builder.Environment));
        await using var app = builder.Build();

        var messaging = app.Services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;

        Assert.Equal((WalletsClient.AttemptTimeout, WalletsClient.AttemptTimeout), (messaging.ResponseTimeout, messaging.SystemResponseTimeout));
    }
}
