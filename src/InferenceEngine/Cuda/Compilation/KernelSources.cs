using System.Text.RegularExpressions;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>The kernels' sources, which are resources of this assembly.</summary>
internal static partial class KernelSources
{
    /// <summary>Prefix of the resources' names; the rest is the path below Cuda/Kernels.</summary>
    public const string Prefix = "kernels/";

    // The numerics contract allows no contraction: every float operation rounds by itself. The others are the compiler's
    // defaults, named because the contract depends on them. -v makes the assembler report registers and spills.
    private static readonly string[] ContractOptions =
        ["--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--ptxas-options=-v"];

    /// <summary>The source of a kernel variant, with the headers that it includes.</summary>
    public static KernelSource Load(KernelDefinition definition)
    {
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var text = Read(definition.File);
        Collect(text, headers);
        return new KernelSource(definition.File, definition.ToString(), text,
            [.. headers.Select(h => new KernelHeader(h.Key, h.Value))],
            [.. ContractOptions, .. definition.Defines.Select(d => $"-D{d.Key}={d.Value}")]);
    }

    /// <summary>Names of all sources and headers, relative to the kernels' folder.</summary>
    public static IReadOnlyList<string> Names() =>
        [.. typeof(KernelSources).Assembly.GetManifestResourceNames().Select(n => n.Replace('\\', '/'))
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..]).Order(StringComparer.Ordinal)];

    // Every include names the header by its path below the kernels' folder, which is how the compiler is given it.
    private static void Collect(string text, SortedDictionary<string, string> headers)
    {
        foreach (Match include in Include().Matches(text))
        {
            var name = include.Groups["name"].Value;
            if (headers.ContainsKey(name)) continue;
            headers[name] = Read(name);
            Collect(headers[name], headers);
        }
    }

    private static string Read(string name)
    {
        using var stream = typeof(KernelSources).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new ArgumentException($"'{name}' is not among the kernels' sources: {string.Join(", ", Names())}.", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^[ \\t]*#[ \\t]*include[ \\t]*\"(?<name>[^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Include();
}
