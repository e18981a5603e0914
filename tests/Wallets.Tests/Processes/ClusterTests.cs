using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>How processes of a cluster take each other's absence.</summary>
public sealed class ClusterTests(Databases databases)
{
    [Fact]
    public async Task A_silo_whose_process_has_ended_is_declared_dead_by_the_others_without_waiting_for_probes()
    {
        await using var cluster = await LocalCluster.Start(databases.NewFolder(), Ports.FreeBlock());

        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);   // who was connected for less than a second says nothing by leaving
        cluster.Kill("silo2");

        await Eventually.Is(() => Task.FromResult(cluster.LogOf("silo1") + cluster.LogOf("silo3")), log => log.Contains("It is declared dead", StringComparison.Ordinal));
        using var viewer = await ApiClient.As(cluster.Url, "ann", "viewer");
        await Eventually.Is(() => viewer.Get("/v1/wallets/ann"), answer => answer.Status == 200);
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_before_it_has_found_a_silo_ends_cleanly()
    {
        var database = await databases.Create(Engine.Postgres);
        await using var gateway = ServerProcess.Start(databases.NewFolder(), ["--Wallets:Role=gateway", "--Wallets:Database=postgres", $"--ConnectionStrings:Wallets={database.State.ConnectionString}"]);

        await Eventually.Is(() => Task.FromResult(gateway.Output), output => output.Contains("No silo can be reached yet", StringComparison.Ordinal));
        await gateway.Terminate();

        Assert.Equal(0, gateway.ExitCode);
        Assert.DoesNotContain("Unhandled exception", gateway.Output, StringComparison.Ordinal);
    }
}
