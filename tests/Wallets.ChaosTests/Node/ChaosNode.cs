using Wallets.Ledger;
using Wallets.Server.Commands;

namespace Wallets.ChaosTests.Node;

/// <summary>
/// The server itself, with its ledger and its grain calls led through parts that die at a named point, deliver twice or carry a
/// planted bug. Nothing of this is in the server's own build; here it is off until <see cref="Control"/> says otherwise.
/// </summary>
internal static class ChaosNode
{
    public static Task<int> Run(string[] args)
    {
        if (args is ["migrate", ..]) return MigrateCommand.Run(args);
        var control = Control.OfThisProcess();
        return ServeCommand.Run(args, CancellationToken.None, services =>
        {
            if (services.LastOrDefault(service => service.ServiceType == typeof(ILedger)) is not { ImplementationFactory: { } create }) return;   // a gateway has no ledger
            services.AddSingleton(control);
            services.AddSingleton<ILedger>(provider => new ChaosLedger((ILedger)create(provider), control));
            services.AddSingleton<IIncomingGrainCallFilter, ChaosFilter>();
        });
    }
}
