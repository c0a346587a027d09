using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Architecture;

/// <summary>Who references whom, by assembly name.</summary>
internal sealed class AssemblyGraph(IReadOnlyDictionary<string, string[]> references)
{
    public static readonly string[] Libraries =
        ["QatKit.Core", "QatKit.Sparsity", "QatKit.Quantization", "QatKit.Training", "QatKit.Export", "QatKit.InferenceEngine", "QatKit.Testing", "QatKit.Text", "QatKit.Comparison"];

    /// <summary>What the compiler put into the built assemblies.</summary>
    public static AssemblyGraph OfBuiltAssemblies() => new(Libraries.ToDictionary(name => name, ReferencesOf));

    /// <summary>What the project files declare: packages and projects, used or not.</summary>
    public static AssemblyGraph OfProjectFiles() => new(Libraries.ToDictionary(name => name, DeclaredBy));

    /// <summary>The way from one assembly to the first forbidden one, or null.</summary>
    public IReadOnlyList<string>? ChainTo(string from, Func<string, bool> forbidden)
    {
        var queue = new Queue<List<string>>([[from]]);
        var seen = new HashSet<string> { from };
        while (queue.TryDequeue(out var chain))
        {
            foreach (var next in references.GetValueOrDefault(chain[^1], []).Where(seen.Add))
            {
                List<string> longer = [.. chain, next];
                if (forbidden(next)) return longer;
                queue.Enqueue(longer);
            }
        }

        return null;
    }

    private static string[] ReferencesOf(string name)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll"));
        using var file = new PEReader(stream);
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(h => metadata.GetString(metadata.GetAssemblyReference(h).Name))];
    }

    private static string[] DeclaredBy(string name)
    {
        var project = XDocument.Load(RepositoryRoot.Combine("src", name["QatKit.".Length..], name + ".csproj"));
        var projects = project.Descendants("ProjectReference").Select(e => Path.GetFileNameWithoutExtension(e.Attribute("Include")!.Value.Replace('\\', '/')));
        var packages = project.Descendants("PackageReference").Select(e => e.Attribute("Include")!.Value);
        return [.. projects, .. packages];
    }
}
