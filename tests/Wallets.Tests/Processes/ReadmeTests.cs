using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>The README's first command does what it says. Its others are run by the other tests and by CI itself.</summary>
public sealed class ReadmeTests(Databases databases)
{
    [Fact]
    public async Task One_command_serves_and_says_where_to_look()
    {
        var command = File.ReadLines(Repository.File("README.md")).Single(line => line.StartsWith("dotnet run ", StringComparison.Ordinal)).Split(' ');
        var project = Repository.File(command[Array.IndexOf(command, "--project") + 1]);
        var folder = databases.NewFolder();
        var url = $"http://127.0.0.1:{Ports.Free()}";
        string[] arguments = ["run", "--no-build", "--configuration", Repository.Configuration, "--project", project,
            "--", "--urls", url, $"--Wallets:SiloPort={Ports.Free()}", $"--Wallets:GatewayPort={Ports.Free()}"];

        await using var server = ServerProcess.Run("dotnet", folder, arguments, url, environment: null);
        await server.IsReady();

        await Eventually.Is(() => Task.FromResult(server.Output), output => output.Contains($"{url}/docs", StringComparison.Ordinal) && output.Contains("Try it:", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder, "data", "ledger.db")));
    }
}
