using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>Names and costs of model shapes.</summary>
public static class ModelShape
{
    // Embeddings are looked up, not multiplied: a small vocabulary measures the same and needs less memory.
    private const int VocabSize = 1000;

    private static readonly (string Name, int Layers, int Hidden, int Heads, int Intermediate)[] Known =
    [
        ("bert-tiny", 2, 128, 2, 512),
        ("bert-mini", 4, 256, 4, 1024),
        ("bert-small", 4, 512, 8, 2048),
        ("bert-medium", 8, 512, 8, 2048),
        ("bert-base", 12, 768, 12, 3072),
        ("bert-large", 24, 1024, 16, 4096),
    ];

    /// <summary>Names of the known shapes.</summary>
    public static IEnumerable<string> Names => Known.Select(k => k.Name);

    /// <summary>The architecture of a name or of <c>LxHxAxF</c>, with two classes and a small vocabulary.</summary>
    /// <param name="shape">Name or sizes.</param>
    /// <param name="maxPositions">Longest sequence.</param>
    /// <exception cref="QatKitException">QK5053: not a shape.</exception>
    public static BertArchitecture Parse(string shape, int maxPositions)
    {
        ArgumentNullException.ThrowIfNull(shape);
        foreach (var k in Known)
            if (k.Name == shape) return Architecture(k.Layers, k.Hidden, k.Heads, k.Intermediate);
        var sizes = new List<int>();
        foreach (var part in shape.Split('x'))
            if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0) sizes.Add(size);
        if (sizes.Count == 4 && shape.Split('x').Length == 4 && sizes[1] % sizes[2] == 0)
            return Architecture(sizes[0], sizes[1], sizes[2], sizes[3]);
        throw new QatKitException("QK5053", "shape", $"'{shape}' is not a model shape.{Suggestion.For(shape, Names)} "
            + $"Use {string.Join(", ", Names)}, or LxHxAxF with heads A that divide hidden H, for example 12x768x12x3072.");

        BertArchitecture Architecture(int layers, int hidden, int heads, int intermediate) =>
            new(layers, hidden, heads, intermediate, VocabSize, maxPositions, 2, 2);
    }

    /// <summary>Operations of one call on a dense model, a multiplication and an addition counting as two:
    /// <c>2·T·L·(4·H² + 2·H·F) + 4·B·S²·H·L + 2·B·(H² + H·C)</c> with T = B·S.</summary>
    public static double Operations(BertArchitecture architecture, int batch, int sequenceLength)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        double h = architecture.Hidden, f = architecture.Intermediate, l = architecture.Layers, s = sequenceLength;
        return 2 * batch * s * l * (4 * h * h + 2 * h * f) + 4 * batch * s * s * h * l + 2 * batch * (h * h + h * architecture.Classes);
    }
}
