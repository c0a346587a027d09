using QatKit.Core.Artifact;
using QatKit.Core.Graph;

namespace QatKit.Cli.Models;

/// <summary>How one linear layer was quantized.</summary>
internal sealed record LayerSummary(
    string Layer, string Width, int Out, int In, string Sparsity, double NonZero, float InputScale, float WeightScaleMin, float WeightScaleMax);

/// <summary>What <c>qatkit inspect</c> shows.</summary>
internal sealed record ModelSummary(
    string Folder, BertArchitecture Architecture, string Producer, int FormatVersion, int NumericsVersion,
    IReadOnlyList<string> Labels, int MaxSequenceLength, bool LowerCase, bool HasVocabulary,
    long Parameters, long FileBytes, IReadOnlyDictionary<string, long> Files, IReadOnlyList<LayerSummary> Layers,
    IReadOnlyDictionary<string, int> LayerNormExponents, IReadOnlyDictionary<string, string> Embeddings,
    IReadOnlyDictionary<string, double> Evaluation, IReadOnlyDictionary<string, string> Provenance)
{
    public static ModelSummary Of(ModelArtifact artifact)
    {
        var (graph, manifest) = (artifact.Graph, artifact.Manifest);
        var files = Directory.EnumerateFiles(artifact.Directory).Order(StringComparer.Ordinal)
            .ToDictionary(f => Path.GetFileName(f), f => new FileInfo(f).Length);
        EmbeddingTable[] tables = [graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings];
        var parameters = tables.Sum(t => (long)t.Rows * t.Columns)
            + graph.Linears.Sum(l => (long)l.Out * l.In + l.Out)
            + graph.LayerNorms.Sum(n => (long)n.Gamma.Length + n.Beta.Length);
        return new ModelSummary(
            artifact.Directory, graph.Architecture, manifest.Producer, manifest.FormatVersion, manifest.NumericsVersion,
            manifest.Details.Labels, manifest.Details.MaxSequenceLength, manifest.Details.LowerCase, artifact.VocabularyPath is not null,
            parameters, files.Values.Sum(), files, [.. graph.Linears.Select(Layer)],
            manifest.LayerNormExponents, manifest.Embeddings.ToDictionary(e => e.Key, e => e.Value.ToString()),
            manifest.Details.Evaluation, manifest.Details.Provenance);
    }

    private static LayerSummary Layer(QuantizedLinear l)
    {
        long zeros = l.Int8Weight is not null ? l.Int8Weight.Count(w => w == 0) : l.Int16Weight!.Count(w => w == 0);
        return new LayerSummary(l.Name, l.Width.ToString(), l.Out, l.In, l.Mask?.Pattern ?? "dense",
            1 - (double)zeros / ((long)l.Out * l.In), l.Input.Scale, l.WeightScale.Min(), l.WeightScale.Max());
    }
}
