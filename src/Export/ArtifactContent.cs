using System.Reflection;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Tensors;

namespace QatKit.Export;

/// <summary>The files of an artifact, apart from the checksums.</summary>
internal static class ArtifactContent
{
    public static IEnumerable<(string Name, Action<Stream> Write)> Files(QuantizedGraph graph, ArtifactDetails details, byte[]? vocabulary)
    {
        yield return (ArtifactFiles.Config, stream => ConfigWriter.Write(stream, graph, details.Labels));
        yield return (ArtifactFiles.Tensors, stream => Tensors(graph).Write(stream));
        yield return (ArtifactFiles.Manifest, stream => ManifestWriter.Write(stream, Manifest(graph, details)));
        if (vocabulary is not null) yield return (ArtifactFiles.Vocabulary, stream => stream.Write(vocabulary));
    }

    private static ArtifactManifest Manifest(QuantizedGraph graph, ArtifactDetails details) => new()
    {
        FormatVersion = ArtifactFiles.FormatVersion,
        NumericsVersion = NumericsContract.Version,
        Producer = "QatKit " + typeof(ArtifactContent).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        Details = details,
        Embeddings = Tables(graph).ToDictionary(t => t.Name, t => t.Codes is null ? EmbeddingStorage.Float32 : EmbeddingStorage.Int8),
        Layers = graph.Linears.ToDictionary(l => l.Name, l => new LayerPlacement(l.Width, l.Mask?.Pattern, l.Mask?.Sha256())),
        LayerNormExponents = graph.LayerNorms.ToDictionary(n => n.Name, n => n.Exponent),
    };

    private static EmbeddingTable[] Tables(QuantizedGraph graph) => [graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings];

    private static SafetensorsWriter Tensors(QuantizedGraph graph)
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt"); // Hugging Face loaders insist on it.
        foreach (var table in Tables(graph)) Add(writer, table);
        foreach (var norm in graph.LayerNorms)
        {
            writer.Add(TensorNames.Weight(norm.Name), [norm.Gamma.Length], norm.Gamma);
            writer.Add(TensorNames.Bias(norm.Name), [norm.Beta.Length], norm.Beta);
        }

        foreach (var linear in graph.Linears) Add(writer, linear);
        foreach (var layer in graph.Layers)
        {
            writer.Add(TensorNames.OutputScale(layer.Query.Name), [1], [layer.QueryOutput.Scale]);
            writer.Add(TensorNames.OutputScale(layer.Key.Name), [1], [layer.KeyOutput.Scale]);
            writer.Add(TensorNames.OutputScale(layer.Value.Name), [1], [layer.ValueOutput.Scale]);
        }

        return writer;
    }

    private static void Add(SafetensorsWriter writer, EmbeddingTable table)
    {
        if (table.Values is not null)
        {
            writer.Add(TensorNames.Weight(table.Name), [table.Rows, table.Columns], table.Values);
            return;
        }

        writer.Add(TensorNames.Weight(table.Name), [table.Rows, table.Columns], table.Codes!);
        writer.Add(TensorNames.WeightScale(table.Name), [table.Rows, 1], table.RowScale!);
    }

    private static void Add(SafetensorsWriter writer, QuantizedLinear linear)
    {
        if (linear.Int8Weight is not null) writer.Add(TensorNames.Weight(linear.Name), [linear.Out, linear.In], linear.Int8Weight);
        else writer.Add(TensorNames.Weight(linear.Name), [linear.Out, linear.In], linear.Int16Weight!);
        writer.Add(TensorNames.WeightScale(linear.Name), [linear.Out, 1], linear.WeightScale);
        writer.Add(TensorNames.InputScale(linear.Name), [1], [linear.Input.Scale]);
        writer.Add(TensorNames.InputScaleInverse(linear.Name), [1], [linear.Input.InverseScale]);
        writer.Add(TensorNames.Bias(linear.Name), [linear.Out], linear.Bias);
        if (linear.Mask is not null) writer.Add(TensorNames.WeightMask(linear.Name), [linear.Out, linear.In / 8], linear.Mask.Bits);
    }
}
