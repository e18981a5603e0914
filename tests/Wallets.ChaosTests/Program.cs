using System.CommandLine;
using Spectre.Console;
using Wallets.ChaosTests;
using Wallets.ChaosTests.Cluster;
using Wallets.ChaosTests.Node;

if (args is ["node", .. var ofServer]) return await ChaosNode.Run(ofServer);

var seed = new Option<int>("--seed") { Description = "What repeats a run's choices.", DefaultValueFactory = _ => Random.Shared.Next() };
var minutes = new Option<double?>("--minutes") { Description = "How long faults are injected; 2 by default." };
var once = new Option<bool>("--once") { Description = "Each fault once, instead of for so long." };
var faults = new Option<string?>("--faults") { Description = $"Which, separated by commas: all, none, a kind (kill, pause, database …), or {string.Join(", ", Fault.All.Select(fault => fault.Name))}; kill,pause by default." };
var callers = new Option<int>("--callers") { Description = "Callers at once.", DefaultValueFactory = _ => 60 };
var rate = new Option<double>("--rate") { Description = "Operations per second that they aim at, all together.", DefaultValueFactory = _ => 300 };
var plant = new Option<string?>("--plant") { Description = $"Runs with a planted bug, which the judge must find: {string.Join(", ", Plant.All.Select(plant => plant.Name))}." };
var keep = new Option<bool>("--keep") { Description = "Keeps the folder with history and logs even if nothing was wrong." };
var report = new Option<string?>("--report") { Description = "A file for the report, besides the console." };

var run = new RootCommand("Breaks a cluster of real processes on purpose and judges whether a coin was lost, doubled or made. Exit code 1 if one was.")
{
    seed, minutes, once, faults, callers, rate, plant, report, keep,
};
if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 200;
run.SetAction(async (arguments, stop) =>
{
    var planted = arguments.GetValue(plant) is { } name ? Plant.Named(name) : null;
    var named = arguments.GetValue(faults) ?? planted?.Faults ?? "kill,pause-5,pause-9";
    TimeSpan? duration = arguments.GetValue(once) ? null : TimeSpan.FromMinutes(arguments.GetValue(minutes) ?? planted?.Minutes ?? 2);
    IReadOnlyList<Fault> chosen = named == "none" ? [] : [.. named.Split(',').SelectMany(Fault.Named).Distinct()];
    return await new ChaosRun(new(arguments.GetValue(seed), duration, chosen, arguments.GetValue(callers), arguments.GetValue(rate), planted, arguments.GetValue(report), arguments.GetValue(keep))).Run(stop);
});
return await run.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
