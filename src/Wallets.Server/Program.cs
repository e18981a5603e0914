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
