namespace Wallets.Benchmarks.Machine;

internal static class OwnProgram
{
    /// <summary>This program, to be started once more as a server or as viewers; whether it was started itself as this or as an argument of <c>dotnet</c>.</summary>
    public static string Path { get; } = System.IO.Path.ChangeExtension(typeof(OwnProgram).Assembly.Location, null);
}
