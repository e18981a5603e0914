using System.Text.RegularExpressions;

namespace Wallets;

/// <summary>What a token allows its bearer to do.</summary>
[Flags]
public enum Roles
{
    None = 0,
    /// <summary>May spend from, and read, the wallet of the token's subject.</summary>
    Viewer = 1,
    /// <summary>May go live as, and read and cash out the earnings of, the token's subject.</summary>
    Creator = 2,
    /// <summary>A checkout back end: may record purchases for any wallet.</summary>
    Purchasing = 4,
    /// <summary>Operations, finance and trust staff.</summary>
    Operator = 8,
}

/// <summary>Who asks. The gateway reads it from a verified token; the grain checks it again.</summary>
/// <param name="Region">Where from, ISO 3166-1 alpha-2, if the token says it.</param>
[GenerateSerializer, Immutable, Alias("caller")]
public readonly record struct Caller(string Subject, Roles Roles, string? Region = null)
{
    public static bool IsRegion(string? text) => text is { Length: 2 } && text.All(char.IsAsciiLetterUpper);

    public bool Is(Roles role) => (Roles & role) != 0;

    /// <summary>True if the caller holds <paramref name="role"/> and is <paramref name="subject"/>.</summary>
    public bool Owns(string subject, Roles role) => Is(role) && string.Equals(Subject, subject, StringComparison.Ordinal);
}

/// <summary>The rule for ids that come from outside: 1 to 128 of <c>A–Z a–z 0–9 . _ : @ -</c>.</summary>
public static partial class Identifier
{
    public const int MaxLength = 128;

    public static bool IsValid(string? id) => id is not null && Pattern().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9._:@\-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
