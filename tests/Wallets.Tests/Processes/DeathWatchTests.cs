using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Wallets.Server.Hosting;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Processes;

/// <summary>What the watch does when the membership table does not take its verdict at once.</summary>
public sealed class DeathWatchTests
{
    [Fact]
    public async Task A_verdict_that_another_silos_writing_kept_out_is_given_again()
    {
        var dead = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, Ports.Free()), 1);   // nobody listens there
        var table = new BusyTable(dead, conflicts: 2);

        await new DeathWatch(table, new Itself(), TimeProvider.System, NullLogger<DeathWatch>.Instance).LookAt(IPAddress.Loopback);

        Assert.Equal((3, SiloStatus.Dead), (table.Verdicts, table.CurrentSnapshot.GetSiloStatus(dead)));
    }

    /// <summary>Orleans' side: a verdict whose write conflicts is dropped, and nobody is told.</summary>
    private sealed class BusyTable(SiloAddress silo, int conflicts) : IClusterMembershipService
    {
        public int Verdicts { get; private set; }
        public ClusterMembershipSnapshot CurrentSnapshot { get; private set; } = Snapshot(silo, SiloStatus.Active, 1);
        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => AsyncEnumerable.Empty<ClusterMembershipSnapshot>();

        public ValueTask Refresh(MembershipVersion minimumVersion, CancellationToken cancellationToken) => default;

        public Task<bool> TryKill(SiloAddress dead)
        {
            if (++Verdicts > conflicts) CurrentSnapshot = Snapshot(dead, SiloStatus.Dead, 2);
            return Task.FromResult(true);
        }

        private static ClusterMembershipSnapshot Snapshot(SiloAddress silo, SiloStatus status, long version) =>
            new(ImmutableDictionary<SiloAddress, ClusterMember>.Empty.Add(silo, new ClusterMember(silo, status, "silo")), new MembershipVersion(version));
    }

    private sealed class Itself : ILocalSiloDetails
    {
        public string Name => "itself";
        public string ClusterId => "wallets";
        public string DnsHostName => "localhost";
        public SiloAddress SiloAddress { get; } = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, Ports.Free()), 2);
        public SiloAddress GatewayAddress => SiloAddress;
    }
}
