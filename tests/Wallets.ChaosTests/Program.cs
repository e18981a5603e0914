using System.CommandLine;
using Wallets.ChaosTests;

var seed = new Option<int>("--seed") { Description = "What repeats a run's choices.", DefaultValueFactory = _ => Random.Shared.Next() };
var minutes = new Option<double>("--minutes") { Description = "How long faults are injected.", DefaultValueFactory = _ => 2 };
var faults = new Option<string>("--faults") { Description = $"Which, separated by commas: {string.Join(", ", Fault.All.Select(fault => fault.Name))}.", DefaultValueFactory = _ => "kill-silo,kill-gateway,pause-5,kill-backends" };
var callers = new Option<int>("--callers") { Description = "Callers at once.", DefaultValueFactory = _ => 60 };
var server = new Option<string?>("--server") { Description = "A built Wallets.Server; by default the one built with this runner." };

var run = new RootCommand("Breaks a cluster of real processes on purpose and judges whether a coin was lost, doubled or made.") { seed, minutes, faults, callers, server };
run.SetAction(async (arguments, _) =>
{
    var named = arguments.GetValue(faults)!.Split(',');
    var chosen = named.Select(name => Fault.All.FirstOrDefault(fault => fault.Name == name) ?? throw new ArgumentException($"There is no fault '{name}'.")).ToList();
    return await new ChaosRun(arguments.GetValue(seed), TimeSpan.FromMinutes(arguments.GetValue(minutes)), chosen, arguments.GetValue(callers), arguments.GetValue(server)).Run();
});
return await run.Parse(args).InvokeAsync();
