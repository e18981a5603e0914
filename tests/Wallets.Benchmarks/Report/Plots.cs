using ScottPlot;
using Wallets.Benchmarks.Load;

namespace Wallets.Benchmarks.Report;

/// <summary>The results as three pictures; one that has nothing to show is not drawn.</summary>
internal static class Plots
{
    private const int Width = 1_100;
    private const int Height = 600;
    private const double RoomForLegend = 0.2;
    private const float RoomForLabel = 45;

    public static void Draw(Results results, string folder)
    {
        Directory.CreateDirectory(folder);
        if (results.Measurements.Count > 0)
        {
            DrawThroughput(results).SavePng(Path.Combine(folder, "throughput.png"), Width, Height);
            DrawLatency(results).SavePng(Path.Combine(folder, "latency.png"), Width, Height);
        }
        if (results.Growth.Count > 1) DrawGrowth(results).SavePng(Path.Combine(folder, "growth.png"), Width, Height);
    }

    private static Plot DrawThroughput(Results results)
    {
        var plot = new Plot();
        var names = results.Contenders.Keys.ToList();
        var distributions = Enum.GetValues<Distribution>();
        foreach (var distribution in distributions)
        {
            var bars = names.Select((name, i) => new Bar
            {
                Position = i * (distributions.Length + 1) + (int)distribution,
                Value = results.Peak(name, distribution)?.GiftsPerSecond ?? 0,
                FillColor = new ScottPlot.Palettes.Category10().GetColor((int)distribution),
                Label = $"{(results.Peak(name, distribution)?.GiftsPerSecond ?? 0) / 1_000:0.0}",
            }).ToArray();
            var drawn = plot.Add.Bars(bars);
            drawn.LegendText = distribution.ToString().ToLowerInvariant();
        }
        plot.Axes.Bottom.SetTicks([.. names.Select((_, i) => i * (distributions.Length + 1) + 1.0)], [.. names.Select(name => name.Replace('_', '\n'))]);
        plot.Axes.Margins(bottom: 0, top: RoomForLegend);
        plot.Title("Peak, thousand gifts per second");
        plot.YLabel("gifts per second");
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
        return plot;
    }

    private static Plot DrawLatency(Results results)
    {
        var plot = new Plot();
        foreach (var contender in results.Measurements.Where(m => m.Load != Measurement.Closed).GroupBy(m => m.Contender))
        {
            var points = contender.OrderBy(m => m.GiftsPerSecond).ToList();
            var line = plot.Add.Scatter(points.Select(m => Math.Log10(m.GiftsPerSecond)).ToArray(), points.Select(m => Math.Log10(m.LatencyMs.P99)).ToArray());
            line.LegendText = contender.Key;
            line.MarkerSize = 9;
        }
        plot.Axes.Right.MinimumSize = RoomForLabel;
        UseDecades(plot.Axes.Left);
        UseDecades(plot.Axes.Bottom);
        var open = results.Measurements.Where(m => m.Load != Measurement.Closed).ToList();
        if (open.Count > 0) plot.Axes.SetLimits(DecadeBelow(open.Min(m => m.GiftsPerSecond)), DecadeAbove(open.Max(m => m.GiftsPerSecond)), DecadeBelow(open.Min(m => m.LatencyMs.P99)), DecadeAbove(open.Max(m => m.LatencyMs.P99)));
        plot.Title("p99 from the intended time, at 25, 50 and 80 % of each contender's peak");
        plot.XLabel("gifts per second");
        plot.YLabel("ms");
        plot.ShowLegend(Alignment.UpperRight);
        return plot;
    }

    private static Plot DrawGrowth(Results results)
    {
        var plot = new Plot();
        double[] entries = [.. results.Growth.Select(point => point.MillionEntries)];
        var throughput = plot.Add.Scatter(entries, [.. results.Growth.Select(point => point.GiftsPerSecond)]);
        throughput.LegendText = "gifts per second";
        var wal = plot.Add.Scatter(entries, [.. results.Growth.Select(point => point.WalBytesPerGift)]);
        wal.LegendText = "WAL bytes per gift (right)";
        wal.Axes.YAxis = plot.Axes.Right;
        plot.Axes.SetLimitsY(0, results.Growth.Max(point => point.GiftsPerSecond) * 1.15);
        plot.Axes.SetLimitsY(0, results.Growth.Max(point => point.WalBytesPerGift) * 1.15, plot.Axes.Right);
        plot.Title("As data grows");
        plot.XLabel("million entries there already");
        plot.ShowLegend(Alignment.LowerRight);
        return plot;
    }

    private static double DecadeBelow(double value) => Math.Floor(Math.Log10(value));
    private static double DecadeAbove(double value) => Math.Ceiling(Math.Log10(value) + 0.01);

    /// <summary>Ticks for an axis whose values are given as their decimal logarithms.</summary>
    private static void UseDecades(IAxis axis) => axis.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
    {
        MinorTickGenerator = new ScottPlot.TickGenerators.LogMinorTickGenerator(),
        IntegerTicksOnly = true,
        LabelFormatter = value => $"{Math.Pow(10, value):#,0.###}",
    };
}
