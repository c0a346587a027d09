using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Quantization.Kernels;
using QatKit.Quantization.Modules;
using QatKit.Quantization.Surgery;
using static TorchSharp.torch;

namespace QatKit.Quantization.Freezing;

/// <summary>Turns a prepared model into plain data: the end of torch.</summary>
public static class Freezer
{
    /// <summary>Quantizes weights and embeddings, takes the ranges, and checks the result.</summary>
    /// <param name="prepared">A calibrated model; not changed.</param>
    /// <param name="masks">2:4 masks by module path; weights outside a mask must be 0 already.</param>
    /// <returns>A graph whose logits are, bit for bit, those of the fake-quantized model in evaluation mode on the CPU.</returns>
    /// <exception cref="InvalidOperationException">The model is not calibrated.</exception>
    /// <exception cref="Core.Diagnostics.QatKitException">The graph breaks the contract: <see cref="QuantizedGraphValidator.Check"/>.</exception>
    public static QuantizedGraph Freeze(PreparedModel prepared, IReadOnlyDictionary<string, WeightMask>? masks = null)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        if (!prepared.IsCalibrated) throw new InvalidOperationException("Ranges are not known yet: calibrate and call FinishCalibration first.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var modules = prepared.Modules;
        QuantizedLinear Linear(string path) => Freeze(modules.Linears[path], masks?.GetValueOrDefault(path));
        QuantizedLayerNorm Norm(string path) => Freeze(modules.LayerNorms[path]);
        var graph = new QuantizedGraph
        {
            Architecture = prepared.Architecture,
            WordEmbeddings = Table(prepared, ModuleNames.WordEmbeddings),
            PositionEmbeddings = Table(prepared, ModuleNames.PositionEmbeddings),
            TokenTypeEmbeddings = Table(prepared, ModuleNames.TokenTypeEmbeddings),
            EmbeddingLayerNorm = Norm(ModuleNames.EmbeddingLayerNorm),
            Layers = [.. Enumerable.Range(0, prepared.Architecture.Layers).Select(i => new QuantizedEncoderLayer
            {
                Query = Linear(ModuleNames.Query(i)),
                Key = Linear(ModuleNames.Key(i)),
                Value = Linear(ModuleNames.Value(i)),
                QueryOutput = modules.Attentions[ModuleNames.Context(i)].QueryOutput.Parameters(CodeWidth.Int8),
                KeyOutput = modules.Attentions[ModuleNames.Context(i)].KeyOutput.Parameters(CodeWidth.Int8),
                ValueOutput = modules.Attentions[ModuleNames.Context(i)].ValueOutput.Parameters(CodeWidth.Int8),
                AttentionOutput = Linear(ModuleNames.AttentionOutput(i)),
                AttentionLayerNorm = Norm(ModuleNames.AttentionLayerNorm(i)),
                Intermediate = Linear(ModuleNames.Intermediate(i)),
                Output = Linear(ModuleNames.Output(i)),
                OutputLayerNorm = Norm(ModuleNames.OutputLayerNorm(i)),
            })],
            Pooler = Linear(ModuleNames.Pooler),
            Classifier = Linear(ModuleNames.Classifier),
        };
        QuantizedGraphValidator.Check(graph);
        return graph;
    }

    private static QuantizedLinear Freeze(FakeQuantLinear linear, WeightMask? mask)
    {
        var (codes, scale) = Rows(linear.Weight, FakeQuantizer.MaxCode(linear.Width));
        return new QuantizedLinear
        {
            Name = linear.Path,
            Out = (int)linear.Weight.shape[0],
            In = (int)linear.Weight.shape[1],
            Int8Weight = linear.Width == CodeWidth.Int8 ? Array.ConvertAll(codes, c => (sbyte)c) : null,
            Int16Weight = linear.Width == CodeWidth.Int16 ? Array.ConvertAll(codes, c => (short)c) : null,
            WeightScale = scale,
            Input = linear.Input.Parameters(linear.Width),
            Bias = Values(linear.Bias),
            Mask = mask,
        };
    }

    private static QuantizedLayerNorm Freeze(FakeQuantLayerNorm norm) =>
        new(norm.Path, Values(norm.Gamma), Values(norm.Beta), norm.Exponent);

    private static EmbeddingTable Table(PreparedModel prepared, string path)
    {
        var weight = prepared.Model.get_parameter(path + ".weight")!;
        var (codes, scale) = prepared.Placement.Int8Embeddings ? Rows(weight, NumericsContract.Int8Max) : default;
        return new EmbeddingTable
        {
            Name = path,
            Rows = (int)weight.shape[0],
            Columns = (int)weight.shape[1],
            Values = prepared.Placement.Int8Embeddings ? null : Values(weight),
            Codes = prepared.Placement.Int8Embeddings ? Array.ConvertAll(codes, c => (sbyte)c) : null,
            RowScale = scale,
        };
    }

    // Always with the CPU kernels, wherever the model lives: they are the contract.
    private static (float[] Codes, float[] Scale) Rows(Tensor weight, int maxCode)
    {
        var cpu = weight.cpu();
        var (codes, scale) = KernelSet.For(cpu).QuantizeRows(cpu, maxCode);
        return (Values(codes), Values(scale));
    }

    private static float[] Values(Tensor tensor) => tensor.cpu().contiguous().data<float>().ToArray();
}
