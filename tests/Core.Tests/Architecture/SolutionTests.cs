using System.Text.RegularExpressions;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Architecture;

public sealed class SolutionTests
{
    private static readonly string Solution = File.ReadAllText(RepositoryRoot.Combine("QatKit.sln"));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var projects = from top in new[] { "src", "tests", "benchmarks", "samples" }
                       from file in Directory.EnumerateFiles(RepositoryRoot.Combine(top), "*.csproj", SearchOption.AllDirectories)
                       select Path.GetRelativePath(RepositoryRoot.Folder, file).Replace('/', '\\');
        Assert.All(projects, p => Assert.Contains($"\"{p}\"", Solution));
    }

    // Plain `dotnet test` builds Debug: it tests the optimised code that `dotnet build -c Release` has built.
    [Fact]
    public void Debug_builds_what_Release_builds()
    {
        var lines = Regex.Matches(Solution, @"\.Debug\|[^.]+\.(ActiveCfg|Build\.0) = .+").Select(m => m.Value.Trim()).ToArray();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.EndsWith(" = Release|Any CPU", line));
    }
}
