using System.Net;
using Wallets.Tests.Shared;

namespace Wallets.ChaosTests.Cluster;

/// <summary>
/// Where the silos are. With network namespaces each has an address of its own behind a bridge, and any two can be parted without
/// being told, as by a broken switch; without, all share the loopback and cannot be parted. Removed with the run.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    private readonly string? _bridge;
    private readonly int _silos;
    private readonly string _subnet;

    private Network(string? bridge, string subnet, int silos) => (_bridge, _subnet, _silos) = (bridge, subnet, silos);

    /// <summary>What the machine must allow for silos to be parted.</summary>
    public static string Requirement => "root and network namespaces";

    public static Network Loopback { get; } = new(null, "", 0);

    public bool CanPart => _bridge is not null;

    /// <summary>A pattern for the n-th silo's address.</summary>
    public string SiloHost => CanPart ? $"{_subnet}.1%d" : "127.0.0.1";

    /// <summary>Where the silos find what runs outside of their namespaces.</summary>
    public IPAddress Outside => CanPart ? IPAddress.Parse($"{_subnet}.1") : IPAddress.Loopback;

    /// <summary>Namespaces for this many silos, or the loopback if the machine does not allow them.</summary>
    public static async Task<Network> Create(int number, int silos)
    {
        var network = new Network($"wallets{number}", $"10.{77 + number % 100}.{number / 100 % 250}", silos);
        if (!Shell.IsRoot) return Loopback;
        try
        {
            await network.Build();
            return network;
        }
        catch (InvalidOperationException)
        {
            await network.DisposeAsync();
            return Loopback;
        }
    }

    /// <summary>What runs a program as the process <c>$WALLETS_NODE</c> names, for a shell.</summary>
    public string Enter => CanPart ? $"ip netns exec {_bridge}-$WALLETS_NODE" : "";

    public Task Part(int one, int other) => Route("add", one, other);

    public Task Rejoin(int one, int other) => Route("del", one, other);

    public async ValueTask DisposeAsync()
    {
        if (!CanPart) return;
        for (var n = 1; n <= _silos; n++) await Shell.Try("ip", "netns", "del", $"{_bridge}-silo{n}");
        await Shell.Try("ip", "link", "del", _bridge!);
    }

    private async Task Build()
    {
        await Shell.Run("ip", "link", "add", _bridge!, "type", "bridge");
        await Shell.Run("ip", "addr", "add", $"{Outside}/24", "dev", _bridge!);
        await Shell.Run("ip", "link", "set", _bridge!, "up");
        for (var n = 1; n <= _silos; n++)
        {
            var (space, port, inside) = ($"{_bridge}-silo{n}", $"{_bridge}p{n}", $"{_bridge}i{n}");
            await Shell.Run("ip", "netns", "add", space);
            await Shell.Run("ip", "link", "add", port, "type", "veth", "peer", "name", inside);
            await Shell.Run("ip", "link", "set", port, "master", _bridge!, "up");
            await Shell.Run("ip", "link", "set", inside, "netns", space);
            await Shell.Run("ip", "-n", space, "addr", "add", $"{_subnet}.1{n}/24", "dev", inside);
            await Shell.Run("ip", "-n", space, "link", "set", inside, "up");
            await Shell.Run("ip", "-n", space, "link", "set", "lo", "up");
        }
    }

    private async Task Route(string verb, int one, int other)
    {
        // Packets are dropped where they leave, on both sides; nobody gets an error, as with a cable that is out.
        await Shell.Run("ip", "-n", $"{_bridge}-silo{one}", "route", verb, "blackhole", $"{_subnet}.1{other}/32");
        await Shell.Run("ip", "-n", $"{_bridge}-silo{other}", "route", verb, "blackhole", $"{_subnet}.1{one}/32");
    }
}
