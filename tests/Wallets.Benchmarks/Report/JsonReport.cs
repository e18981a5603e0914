using System.Text.Json;
using System.Text.Json.Serialization;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Report;

/// <summary>The results as a file for programs: names in snake_case, numbers as they were measured, null for what was not.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static async Task Write(Results results, string file)
    {
        var targets = Targets.Of(results);
        var report = new
        {
            results.Commit,
            results.Machine,
            GiftsPerSecond = results.Contenders.Keys.ToDictionary(name => name, name => new
            {
                Uniform = results.Peak(name, Distribution.Uniform)?.GiftsPerSecond,
                Zipf = results.Peak(name, Distribution.Zipf)?.GiftsPerSecond,
                Hot = results.Peak(name, Distribution.Hot)?.GiftsPerSecond,
            }),
            Ratios = targets.Where(target => target.Key is not null).ToDictionary(target => target.Key!, target => target.Measured),
            P99MsAtHalfPeak = results.AtShareOfPeak(Names.Ours, 0.5)?.LatencyMs.P99,
            Targets = targets.Select(target => new { target.Figure, target.Measured, Target = target.GoalText, target.IsMet }),
            results.Plan,
            results.StartedAt,
            results.DiskFlushMs,
            results.Database,
            results.Contenders,
            results.Measurements,
            results.Growth,
            results.Memory,
            results.Cold,
            results.Replays,
            results.Hub,
        };
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, Options) + "\n");
    }
}
