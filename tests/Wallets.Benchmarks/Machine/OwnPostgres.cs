using Wallets.Tests.Shared;

namespace Wallets.Benchmarks.Machine;

/// <summary>A PostgreSQL cluster for one contender, made by deploy/postgres/temporary.sh in a folder that goes with it.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private const string Password = "superuser";
    private readonly Workspace _workspace = new();
    private bool _isStopped;

    private OwnPostgres(int port)
    {
        Port = port;
        Server = new PostgresServer(Folder, port, Password, "postgres");
    }

    /// <summary>The first of a hundred ports of which those that a cluster may take are free.</summary>
    public int Port { get; }

    public PostgresServer Server { get; }

    private string Folder => Path.Combine(_workspace.Folder, "postgres");
    private static string Script => Repository.File("deploy/postgres/temporary.sh");

    public static async Task<OwnPostgres> Start()
    {
        var postgres = Leftovers.Add(new OwnPostgres(Ports.FreeBlock()));
        await Shell.Run(Script, "start", postgres.Folder, $"{postgres.Port}", Password);
        return postgres;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        Leftovers.Remove(this);
        await Shell.Run(Script, "stop", Folder, "immediate");   // its folder goes with it
        _workspace.Dispose();
    }
}
