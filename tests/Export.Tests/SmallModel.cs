using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.TestKit;

namespace QatKit.Export.Tests;

/// <summary>A very small model that has every kind of tensor: 2:4 layers, an int16 layer, int8 and float embeddings.</summary>
internal static class SmallModel
{
    public static BertArchitecture Architecture { get; } = new(1, 16, 2, 32, 20, 8, 2, 2);

    public static ArtifactDetails Details { get; } = new()
    {
        Labels = ["negative", "positive"],
        MaxSequenceLength = 8,
        LowerCase = true,
        Provenance = new Dictionary<string, string> { ["recipe"] = "name: \"<tiny> & é\"\n", ["seed"] = "1" },
        Evaluation = new Dictionary<string, double> { ["dev.accuracy"] = 0.1 + 0.2, ["dev.flips"] = 3 },
    };

    /// <param name="seed">The same seed gives the same model.</param>
    /// <param name="exponent">Of the embeddings' LayerNorm; -3 is a very coarse grid.</param>
    public static QuantizedGraph Graph(int seed = 1, int exponent = -3)
    {
        var graph = SyntheticGraph.Create(Architecture, seed, sparse24: true, int16Layers: new HashSet<string> { ModuleNames.Value(0) });
        return new QuantizedGraph
        {
            Architecture = graph.Architecture,
            WordEmbeddings = Int8(graph.WordEmbeddings),
            PositionEmbeddings = graph.PositionEmbeddings,
            TokenTypeEmbeddings = graph.TokenTypeEmbeddings,
            EmbeddingLayerNorm = graph.EmbeddingLayerNorm with { Exponent = exponent },
            Layers = graph.Layers,
            Pooler = graph.Pooler,
            Classifier = graph.Classifier,
        };
    }

    /// <summary>Writes the model below a folder and returns the artifact's path.</summary>
    public static string Write(TempFolder folder, int seed = 1)
    {
        var vocabulary = folder.WriteText("words.txt", "[PAD]\n[UNK]\nwort\n");
        var path = folder.Combine("model");
        Export(Graph(seed), Details, vocabulary, path);
        return path;
    }

    /// <summary>Writes any model.</summary>
    public static ModelArtifact Export(QuantizedGraph graph, ArtifactDetails details, string? vocabulary, string path) =>
        ArtifactWriter.Write(graph, details, vocabulary, path);

    private static EmbeddingTable Int8(EmbeddingTable table) => new()
    {
        Name = table.Name,
        Rows = table.Rows,
        Columns = table.Columns,
        Codes = Array.ConvertAll(table.Values!, v => (sbyte)MathF.Round(v * 127)),
        RowScale = [.. Enumerable.Range(1, table.Rows).Select(r => r / 127f)],
    };
}
