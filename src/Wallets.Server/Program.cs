using System.CommandLine;
using Wallets.Server.Commands;
using Wallets.Server.Hosting;

// Settings come from appsettings.json, the environment and --Key=value arguments, for every command alike.
var serve = new RootCommand("The wallet cluster: coins in, gifts, diamonds out. Without a command it serves, in the role that Wallets:Role says.")
{
    TreatUnmatchedTokensAsErrors = false,
};
serve.SetAction((_, stop) => ServeCommand.Run(args, stop));

var migrate = new Command("migrate", "Brings the PostgreSQL database to this version's schema, as its owner.") { TreatUnmatchedTokensAsErrors = false };
migrate.SetAction((_, _) => MigrateCommand.Run(args));
serve.Subcommands.Add(migrate);

var audit = new Command("audit", "Checks every invariant of the ledger, also of a live one. Exit code 1 and a list if one is broken.") { TreatUnmatchedTokensAsErrors = false };
audit.SetAction((_, stop) => AuditCommand.Run(args, stop));
serve.Subcommands.Add(audit);

var sandbox = new Command("sandbox-payouts", "Serves as a payout provider that pays nobody and can be told to misbehave (--urls).") { TreatUnmatchedTokensAsErrors = false };
sandbox.SetAction((_, stop) => SandboxPayoutsCommand.Run(args, stop));
serve.Subcommands.Add(sandbox);

var channel = new Option<string>("--channel") { Required = true, Description = "apple, google, web or payouts" };
var file = new Option<string>("--file") { Required = true, Description = "The report, as CSV; deploy/finance.md says which columns" };
var month = new Option<string?>("--month") { Description = "The report's month of UTC, as 2026-11; without it, everything" };
var reconcile = new Command("reconcile", "Compares a settlement report with the ledger. Exit code 1 and a list if they differ, 2 if the report cannot be read.") { TreatUnmatchedTokensAsErrors = false };
foreach (var option in new Option[] { channel, file, month }) reconcile.Options.Add(option);
reconcile.SetAction((parsed, stop) => ReconcileCommand.Run(args, parsed.GetRequiredValue(channel), parsed.GetRequiredValue(file), parsed.GetValue(month), stop));
serve.Subcommands.Add(reconcile);

var from = new Option<string>("--from") { Required = true, Description = "The first day, as 2026-11-01" };
var to = new Option<string>("--to") { Required = true, Description = "The last day" };
var totals = new Command("totals", "Prints what moved on each day and what was owed at its end, as JSON lines.") { TreatUnmatchedTokensAsErrors = false };
totals.Options.Add(from);
totals.Options.Add(to);
totals.SetAction((parsed, stop) => TotalsCommand.Run(args, parsed.GetRequiredValue(from), parsed.GetRequiredValue(to), stop));
serve.Subcommands.Add(totals);

try
{
    // The host ends by its own rules on SIGTERM; the parser's two seconds would cut it short.
    return await serve.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
}
catch (BadConfigurationException bad)
{
    await Console.Error.WriteLineAsync($"Cannot start: {bad.Message}");
    return 2;
}
