using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks;

/// <summary>
/// How long and how much of everything. The full plan takes what it needs for figures to be trusted; the quick one shows every contender
/// within four minutes, among fewer accounts; the smoke one, for CI, shows within two that it runs and that no ratio has collapsed.
/// </summary>
internal sealed record Plan
{
    public required string Name { get; init; }

    /// <summary>At least; a contender that still gets faster goes on (<see cref="ClosedLoop.WarmUp"/>).</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>Of each measured load.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>How many levels of concurrency are tried of ours and of the stored procedure, the highest ones; of the others one, if not all.</summary>
    public required int MostLevels { get; init; }

    /// <summary>Whether every distribution is tried at every level, or only the uniform one, and the others at its best.</summary>
    public required bool EveryLevelForAll { get; init; }

    public required IReadOnlyList<string> Contenders { get; init; }
    public required IReadOnlyList<Part> Parts { get; init; }

    /// <summary>How often the contenders are measured in turn. A machine that others share has good and bad minutes, so the best of each counts.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>Open loops, in shares of the peak: for ours, and for the others.</summary>
    public required IReadOnlyList<double> LoadsOfOurs { get; init; }
    public required IReadOnlyList<double> LoadsOfOthers { get; init; }

    /// <summary>Entries that are there already, in millions; each is measured.</summary>
    public required IReadOnlyList<double> MillionEntries { get; init; }

    /// <summary>Activations whose memory is measured.</summary>
    public required IReadOnlyList<int> Activations { get; init; }

    /// <summary>Wallets of a thousand entries that are activated cold.</summary>
    public required int ColdWallets { get; init; }

    /// <summary>How long sessions of the database are given to tell what they counted; null not to count reads at all.</summary>
    public required TimeSpan? CountReadsAfter { get; init; }

    /// <summary>Whether the database's log is written into files that are there, as on a server that has run for a while.</summary>
    public bool AgesLog { get; init; } = true;

    /// <summary>How often loads that are compared with one another are measured in turn: with and without replays, on ledgers of different size.</summary>
    public required int ComparedRounds { get; init; }

    /// <summary>Connections that watch one stream; each number is measured.</summary>
    public required IReadOnlyList<int> HubConnections { get; init; }

    public Population Population { get; init; } = new(Wallets: 20_000, Creators: 1_000);

    public IReadOnlyList<double> LoadsOf(string contender) =>
        contender switch { Names.CopyLimit => [], Names.Ours => LoadsOfOurs, _ => LoadsOfOthers };

    public IReadOnlyList<int> LevelsOf(IContender contender)
    {
        var most = MostLevels == int.MaxValue || contender.Name is Names.Ours or Names.StoredProcedure ? MostLevels : 1;
        return most == 1 && contender.Levels.Count > 1 ? [contender.Levels[^2]] : [.. contender.Levels.TakeLast(most)];
    }

    public static Plan Full => new()
    {
        Name = "full",
        WarmUp = TimeSpan.FromSeconds(20),
        Window = TimeSpan.FromSeconds(20),
        MostLevels = int.MaxValue,
        EveryLevelForAll = true,
        Contenders = Names.All,
        Parts = Enum.GetValues<Part>(),
        LoadsOfOurs = [0.25, 0.5, 0.8],
        LoadsOfOthers = [0.25, 0.5, 0.8],
        MillionEntries = [0, 1, 10, 50],
        Activations = [100_000, 1_000_000],
        ColdWallets = 500,
        CountReadsAfter = TimeSpan.FromSeconds(12),
        ComparedRounds = 9,
        HubConnections = [0, 1_000, 10_000],
    };

    public static Plan Quick => new()
    {
        Name = "quick",
        Population = new(Wallets: 5_000, Creators: 250),
        AgesLog = false,
        WarmUp = TimeSpan.FromSeconds(6),
        Window = TimeSpan.FromSeconds(1.5),
        MostLevels = 1,
        EveryLevelForAll = false,
        Contenders = Names.All,
        Parts = [Part.Throughput],
        LoadsOfOurs = [0.5],
        LoadsOfOthers = [0.5],
        MillionEntries = [0, 0.5],
        Activations = [100_000],
        ColdWallets = 100,
        CountReadsAfter = null,
        ComparedRounds = 1,
        HubConnections = [0, 1_000],
    };

    public static Plan Smoke => new()
    {
        Name = "smoke",
        AgesLog = false,
        WarmUp = TimeSpan.FromSeconds(8),
        Window = TimeSpan.FromSeconds(3),
        MostLevels = 1,
        EveryLevelForAll = false,
        Contenders = [.. Names.All.Where(name => name is not (Names.OursOn3Silos or Names.OursOverHttp or Names.BatchedSql or Names.AdoNetStateTuned))],
        Parts = [Part.Throughput],
        LoadsOfOurs = [],
        LoadsOfOthers = [],
        MillionEntries = [],
        Activations = [],
        ColdWallets = 0,
        CountReadsAfter = null,
        ComparedRounds = 0,
        HubConnections = [],
    };
}

/// <summary>What can be measured alone, by <c>--only</c>.</summary>
internal enum Part
{
    /// <summary>Peak, latency and cost of every contender.</summary>
    Throughput,
    /// <summary>Ours with entries already there.</summary>
    Growth,
    /// <summary>What an active wallet takes.</summary>
    Memory,
    /// <summary>How long a wallet takes to come back.</summary>
    Cold,
    /// <summary>What callers who repeat old keys cost the others.</summary>
    Replays,
    /// <summary>What those who watch a stream get, and cost its gifts.</summary>
    Hub,
}
