using System.Globalization;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Core.Graph;
using QatKit.Export.Onnx.Checking;

namespace QatKit.Export.Onnx;

/// <summary>Writes models as ONNX files that other engines run (docs/onnx.md).</summary>
public static class OnnxExporter
{
    /// <summary>Version of the standard operators: the first with Gelu as one operator; int8 QuantizeLinear and LayerNormalization are older.</summary>
    public const int Opset = 20;

    /// <summary>Version of the file format that belongs to <see cref="Opset"/>.</summary>
    public const int IrVersion = 9;

    /// <summary>The INT8 graph of a model, in memory.</summary>
    /// <exception cref="QatKitException">QK4301: larger than an ONNX file can be; those of <see cref="QuantizedGraphValidator"/>.</exception>
    public static OnnxGraphBuilder Build(QuantizedGraph graph) => Build(graph, firstTokenOnly: false);

    /// <summary>The INT8 graph, or one with the same logits that computes less: what the engine computes.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="firstTokenOnly">After the last layer's attention, keep the first token of each sequence only, which is all that the pooler reads.</param>
    internal static OnnxGraphBuilder Build(QuantizedGraph graph, bool firstTokenOnly)
    {
        QuantizedGraphValidator.Check(graph);
        var builder = Build(new QuantizedPrecision(graph), firstTokenOnly).Metadata(OnnxMetadata.Form, "int8");
        OnnxMetadata.SetSparse24(builder, Sparse24(graph));
        return builder;
    }

    /// <summary>The float32 graph of a model, in memory.</summary>
    /// <exception cref="QatKitException">QK4301: larger than an ONNX file can be.</exception>
    public static OnnxGraphBuilder Build(BertWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return Build(new FloatPrecision(weights)).Metadata(OnnxMetadata.Form, "float32");
    }

    /// <summary>Writes an artifact as an INT8 model, and tokenizer files beside it; reads it back and compares it first.</summary>
    /// <returns>What the file holds.</returns>
    /// <exception cref="QatKitException">QK4008 cannot be written, QK4301 too large, QK4302 another model's files lie there,
    /// QK4303 the path is not one of a file, QK4305 its name is that of another file of a model, QK4311 to QK4320 what was read back is wrong.</exception>
    public static OnnxSummary Write(ModelArtifact artifact, string path)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return Write(Describe(Build(artifact.Graph), artifact), path, OnnxCompanions.Of(artifact), model => OnnxComparison.RequireEqual(artifact.Graph, model));
    }

    /// <summary>Writes what the codes of an artifact stand for as a float32 model: nothing is quantized, and the weights are those of INT8.</summary>
    /// <inheritdoc cref="Write(ModelArtifact, string)"/>
    public static OnnxSummary WriteDequantized(ModelArtifact artifact, string path)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return Write(Describe(Build(BertWeights.Dequantize(artifact.Graph)), artifact), path, OnnxCompanions.Of(artifact), _ => { });
    }

    /// <summary>Writes float weights as a float32 model.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="companions">Files to write beside the model.</param>
    /// <param name="path">The file.</param>
    /// <inheritdoc cref="Write(ModelArtifact, string)"/>
    public static OnnxSummary Write(BertWeights weights, OnnxCompanions companions, string path) => Write(Build(weights), path, companions, _ => { });

    private static OnnxGraphBuilder Build(IBertPrecision precision, bool firstTokenOnly = false)
    {
        var builder = new OnnxGraphBuilder("bert", IrVersion, Opset);
        BertOnnxGraph.Add(builder, precision, firstTokenOnly);
        return builder;
    }

    private static OnnxGraphBuilder Describe(OnnxGraphBuilder builder, ModelArtifact artifact) => builder
        .Metadata(OnnxMetadata.ArtifactSha256, Checksums.Of(File.ReadAllBytes(Path.Combine(artifact.Directory, ArtifactFiles.Checksums))))
        .Metadata(OnnxMetadata.MaxSequenceLength, artifact.Manifest.Details.MaxSequenceLength.ToString(CultureInfo.InvariantCulture));

    // A stack is 2:4 when all its parts are.
    private static IEnumerable<string> Sparse24(QuantizedGraph graph)
    {
        for (var i = 0; i < graph.Layers.Count; i++)
        {
            var layer = graph.Layers[i];
            QuantizedLinear[] projections = [layer.Query, layer.Key, layer.Value];
            var stacked = projections.All(p => p.Width == CodeWidth.Int8);
            if (stacked && projections.All(p => p.Mask is not null)) yield return TensorNames.Weight(OnnxNames.ProjectionStack(i));
            foreach (var linear in (stacked ? layer.Linears.Skip(projections.Length) : layer.Linears).Where(l => l.Mask is not null))
                yield return TensorNames.Weight(linear.Name);
        }

        foreach (var linear in new[] { graph.Pooler, graph.Classifier }.Where(l => l.Mask is not null)) yield return TensorNames.Weight(linear.Name);
    }

    private static OnnxSummary Write(OnnxGraphBuilder builder, string path, OnnxCompanions companions, Action<OnnxModel> compare)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
            throw new QatKitException("QK4303", path, "this is a folder. Name a file, for example model.onnx in it.");
        if (OnnxCompanions.Takes(Path.GetFileName(path)))
            throw new QatKitException("QK4305", path, "a file of this name belongs to the model's folder. Name the ONNX file otherwise, for example model.onnx.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        companions.CheckTarget(folder);
        OnnxModel? written = null;
        AtomicFile.Write(path, builder.WriteTo, aside =>
        {
            written = OnnxModel.Read(aside, path);
            OnnxChecker.Check(written);
            compare(written);
        });
        companions.Write(folder);
        return OnnxSummary.Of(written!, new FileInfo(path).Length);
    }
}
