using System.CommandLine;
using Wallets.Benchmarks;
using Wallets.Benchmarks.Contenders;
using Wallets.Benchmarks.Load;

var quick = new Option<bool>("--quick") { Description = "Every contender, short runs: within four minutes." };
var smoke = new Option<bool>("--smoke") { Description = "For CI: about two minutes; fails if a ratio falls below half its target." };
var json = new Option<string?>("--json") { Description = "A file for the results." };
var plots = new Option<string?>("--plots") { Description = "A folder for the pictures." };
var only = new Option<string?>("--only") { Description = $"Parts, separated by commas: {string.Join(", ", Enum.GetNames<Part>()).ToLowerInvariant()}." };
var contenders = new Option<string?>("--contenders") { Description = $"Contenders of part throughput, separated by commas: {string.Join(", ", Names.All)}." };
var entries = new Option<double?>("--entries") { Description = "Million entries that are there already in part growth; by default 50." };
var watchers = new Option<string?>("--watchers") { Description = "Connections of part hub, separated by commas." };
var rounds = new Option<int?>("--rounds") { Description = "How often the contenders of part throughput are measured in turn; the best of each counts." };
var seconds = new Option<double?>("--seconds") { Description = "How long each load is measured." };

var run = new RootCommand("Measures this system and what its users would pick instead, side by side.") { quick, smoke, json, plots, only, contenders, entries, watchers, rounds, seconds };
run.SetAction((arguments, _) =>
{
    var plan = arguments.GetValue(smoke) ? Plan.Smoke : arguments.GetValue(quick) ? Plan.Quick : Plan.Full;
    if (arguments.GetValue(only) is { } parts) plan = plan with { Parts = [.. parts.Split(',').Select(part => Enum.Parse<Part>(part, ignoreCase: true))] };
    if (arguments.GetValue(contenders) is { } names) plan = plan with { Contenders = names.Split(',') };
    if (arguments.GetValue(entries) is { } millions) plan = plan with { MillionEntries = [0, millions] };
    if (arguments.GetValue(watchers) is { } counts) plan = plan with { HubConnections = [.. counts.Split(',').Select(int.Parse)] };
    if (arguments.GetValue(rounds) is { } times) plan = plan with { Rounds = times };
    if (arguments.GetValue(seconds) is { } window) plan = plan with { Window = TimeSpan.FromSeconds(window) };
    return new BenchmarkRun(plan, arguments.GetValue(json), arguments.GetValue(plots)).Run();
});

var kind = new Option<NodeKind>("--kind") { Required = true };
var siloPort = new Option<int>("--silo-port") { Required = true };
var gatewayPort = new Option<int>("--gateway-port") { Required = true };
var node = new Command("node", "The silo of a contender.") { kind, siloPort, gatewayPort };
node.Hidden = true;
node.SetAction((arguments, _) => NodeCommand.Run(arguments.GetValue(kind), arguments.GetValue(siloPort), arguments.GetValue(gatewayPort)));
run.Subcommands.Add(node);

var url = new Option<string>("--url") { Required = true };
var stream = new Option<string>("--stream") { Required = true };
var connections = new Option<int>("--connections") { Required = true };
var watch = new Command("watch", "Viewers of a stream.") { url, stream, connections };
watch.Hidden = true;
watch.SetAction((arguments, _) => WatchCommand.Run(arguments.GetValue(url)!, arguments.GetValue(stream)!, arguments.GetValue(connections)));
run.Subcommands.Add(watch);

return await run.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
