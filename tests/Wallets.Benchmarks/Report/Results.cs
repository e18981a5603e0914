using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Report;

/// <summary>One load on one contender, from the first send until the last credit.</summary>
/// <param name="Load"><c>closed</c>, or the share of the peak of an open loop, such as <c>open 50 %</c>.</param>
/// <param name="Callers">Sends at once in a closed loop; 0 in an open one.</param>
/// <param name="CpuSecondsPer10K">Processor seconds per 10,000 gifts, by process.</param>
/// <param name="ForeignCpuShare">How much of the machine's processors something else used meanwhile: the kernel's share of the work, and whatever falsifies it.</param>
internal sealed record Measurement(
    string Contender,
    Distribution Distribution,
    string Load,
    int Callers,
    long Gifts,
    long Failures,
    double Seconds,
    double GiftsPerSecond,
    Latency LatencyMs,
    IReadOnlyDictionary<string, double> CpuSecondsPer10K,
    double WalBytesPerGift,
    double TableBytesPerGift,
    double ForeignCpuShare)
{
    public const string Closed = "closed";

    public static string Open(double share) => $"open {share:0 %}";
}

/// <summary>Ours with so many million entries there already.</summary>
internal sealed record GrowthPoint(double MillionEntries, double GiftsPerSecond, double P99Ms, double WalBytesPerGift, double TableBytesPerGift, double DatabaseCpuSecondsPer10K);

/// <summary>What so many active wallets, each with a purchase and a gift, take in one silo.</summary>
internal sealed record MemoryPoint(int Activations, double HeapBytesPerWallet, double ResidentBytesPerWallet);

/// <summary>Bringing wallets back one after the other, nothing else running.</summary>
/// <param name="State">What there was to read.</param>
/// <param name="SnapshotReads">Index look-ups of grain state per activation; null if they were not counted.</param>
/// <param name="TailReads">Look-ups of entries per activation.</param>
internal sealed record ColdPoint(string State, int Wallets, Latency LatencyMs, double? SnapshotReads, double? TailReads);

/// <summary>New gifts per second without, and with, callers who repeat old keys.</summary>
internal sealed record ReplayPoint(double Without, double With, double ReplaysPerSecond, long ReplayFailures, double ReplayP99Ms);

/// <summary>A stream that so many watch.</summary>
/// <param name="GiftCpuSecondsPer10K">Processor seconds of silo and database per 10,000 gifts: the gift path, and the stream's own part in it.</param>
/// <param name="FramesPerSecond">At each connection.</param>
/// <param name="DelayMs">From a gift's acknowledgement until a viewer has the frame that counts it.</param>
internal sealed record HubPoint(
    int Connections,
    double GiftsPerSecond,
    Latency LatencyMs,
    double GiftCpuSecondsPer10K,
    double GatewayCpuSecondsPer10K,
    double FramesPerSecond,
    double FrameBytes,
    int Lost,
    Latency DelayMs,
    HubPeaks Peaks);

/// <summary>Gifts a second of a closed loop into a stream that nobody watches, and in turns with it into the watched one, if one is.</summary>
/// <param name="FramesPerSecond">At each connection meanwhile.</param>
internal sealed record HubPeaks(double Unwatched, double? Watched, double FramesPerSecond);

/// <summary>Everything a run has measured so far, and on what.</summary>
internal sealed class Results
{
    public required string Commit { get; init; }
    public required string Machine { get; init; }

    /// <summary>What a small write to the databases' disk takes before anything else is measured.</summary>
    public required Latency DiskFlushMs { get; init; }

    public required string Plan { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public string Database { get; set; } = "";
    public Dictionary<string, string> Contenders { get; } = [];
    public List<Measurement> Measurements { get; } = [];
    public List<GrowthPoint> Growth { get; } = [];
    public List<MemoryPoint> Memory { get; } = [];
    public List<ColdPoint> Cold { get; } = [];
    public ReplayPoint? Replays { get; set; }
    public List<HubPoint> Hub { get; } = [];

    /// <summary>The best closed loop of a contender.</summary>
    public Measurement? Peak(string contender, Distribution distribution) => Measurements
        .Where(m => m.Contender == contender && m.Distribution == distribution && m.Load == Measurement.Closed)
        .MaxBy(m => m.GiftsPerSecond);

    /// <summary>The open loop that followed the best closed one: of the same round.</summary>
    public Measurement? AtShareOfPeak(string contender, double share)
    {
        var peak = Peak(contender, Distribution.Uniform);
        return Measurements.SkipWhile(m => m != peak).FirstOrDefault(m => m.Contender == contender && m.Load == Measurement.Open(share));
    }
}
