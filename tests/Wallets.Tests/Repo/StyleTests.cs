using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Repo;

/// <summary>What a reader may count on: methods that fit a screen, files that fit a sitting, pages that fit a page.</summary>
public sealed class StyleTests
{
    private const int MaxMethodLines = 70;
    private const int MaxFileLines = 400;
    private const int MaxReadmeLines = 100;

    private static IEnumerable<string> Sources => new[] { "src", "tests" }
        .SelectMany(folder => Directory.EnumerateFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [Fact]
    public void Methods_fit_a_screen()
    {
        var tooLong = Sources.SelectMany(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot().DescendantNodes()
            .Where(node => node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax)
            .Select(node => (Where: Place(file, node), Lines: Lines(node)))
            .Where(method => method.Lines > MaxMethodLines));

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Files_fit_a_sitting()
    {
        var tooLong = Sources.Select(file => (file, Lines: File.ReadLines(file).Count())).Where(file => file.Lines > MaxFileLines);

        Assert.Empty(tooLong);
    }

    [Fact]
    public void The_readme_fits_a_page() => Assert.InRange(File.ReadLines(Repository.File("README.md")).Count(), 10, MaxReadmeLines);

    [Fact]
    public void The_links_of_every_page_lead_somewhere()
    {
        var pages = Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories).Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "data"));

        var dead = pages.SelectMany(page => System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(page), @"\]\((?!https?:|#)([^)#]+)[^)]*\)")
            .Select(link => link.Groups[1].Value)
            .Where(target => !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target)))
            .Select(target => $"{page}: {target}"));

        Assert.Empty(dead);
    }

    /// <summary>Comments above a method do not count, attributes and signature do.</summary>
    private static int Lines(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string Place(string file, SyntaxNode node) => $"{Path.GetRelativePath(Repository.Root, file)}:{node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1}";
}
