using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Which valid models the CUDA kernels do not run.</summary>
internal static class CudaSupport
{
    /// <summary>Longest sequence: rows and sequences are grid dimensions of at most 65 535.</summary>
    public const int MaxPositions = 32768;

    /// <summary>Largest head: its sums live in registers.</summary>
    public const int MaxHeadDim = 128;

    /// <summary>Reports QK6007 for everything that the kernels do not run.</summary>
    /// <exception cref="QatKitException">The model is not supported.</exception>
    public static void Check(QuantizedGraph graph)
    {
        var problems = new DiagnosticBag();
        var a = graph.Architecture;
        if (a.MaxPositions > MaxPositions)
            problems.Add("QK6007", "config", $"max_position_embeddings = {a.MaxPositions}; the CUDA kernels run up to {MaxPositions}. Run on the CPU.");
        if (a.HeadDim > MaxHeadDim)
            problems.Add("QK6007", "config", $"the heads have {a.HeadDim} elements; the CUDA kernels run up to {MaxHeadDim}. Run on the CPU.");
        foreach (var layer in graph.Layers)
        {
            // A LayerNorm kernel writes one tensor of codes for each width.
            foreach (var width in new[] { CodeWidth.Int8, CodeWidth.Int16 })
            {
                var quantizers = Projections(layer).Where(l => l.Width == width).Select(l => l.Input).Distinct().Count();
                if (quantizers > 1)
                    problems.Add("QK6007", layer.Key.Name, $"query, key and value have {quantizers} input quantizers of the width {width}; the CUDA kernels have one. Export the model with one, or run on the CPU.");
            }
        }

        problems.ThrowIfAny();
    }

    /// <summary>Query, key, value.</summary>
    public static QuantizedLinear[] Projections(QuantizedEncoderLayer layer) => [layer.Query, layer.Key, layer.Value];

    /// <summary>Quantizers of the codes that a LayerNorm writes for its consumers, by width.</summary>
    public static (QuantizationParameters? Int8, QuantizationParameters? Int16) Quantizers(params ReadOnlySpan<QuantizedLinear> consumers)
    {
        QuantizationParameters? int8 = null, int16 = null;
        foreach (var consumer in consumers)
        {
            if (consumer.Width == CodeWidth.Int8) int8 = consumer.Input;
            else int16 = consumer.Input;
        }

        return (int8, int16);
    }
}
