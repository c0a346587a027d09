using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>One linear layer of a graph on an emulated kernel: int8 dense, int8 2:4 where it has a mask, or int16.</summary>
internal sealed class EmulatedLinear(DeviceMemory memory, QuantizedLinear layer, GemmTile tile, int splits, GemmEpilogue epilogue)
{
    public void Run(Activations x, ulong y, int yPitch, float inverse, ulong residual, int residualPitch, int[]? rows, int tokens)
    {
        var inverses = new float[layer.Out];
        Array.Fill(inverses, inverse);
        var parameters = new GemmParameters
        {
            X = layer.Width == CodeWidth.Int8 ? x.Codes8 : x.Codes16,
            RowIndex = rows is null ? 0 : memory.Upload(rows),
            Multiplier = memory.Upload(WeightLayout.PadFeatures(layer.Multipliers())),
            Bias = memory.Upload(WeightLayout.PadFeatures(layer.Bias)),
            Inverse = memory.Upload(WeightLayout.PadFeatures(inverses)),
            Residual = residual,
            Y = y,
            Tokens = tokens,
            Features = layer.Out,
            Depth = layer.In,
            XPitch = x.Pitch,
            YPitch = yPitch,
            ResidualPitch = residualPitch,
        };
        if (layer.Int8Weight is not { } weights)
        {
            parameters.Weight = memory.Upload(layer.Int16Weight!);
            EmulatedKernel.Get(KernelLibrary.GemmInt16(epilogue), "GemmParams").Launch(new LaunchGrid((layer.Out + 3) / 4, tokens, 1), parameters);
            return;
        }

        var variant = new GemmVariant(tile, layer.Mask is not null, epilogue);
        parameters.Weight = memory.Upload(variant.Sparse24
            ? SparseWeightPacker.Pack(Sparse24Matrix.Pack(weights, layer.Out, layer.In))
            : DenseWeightPacker.Pack(weights, layer.Out, layer.In));
        if (splits > 1)
        {
            parameters.Partial = memory.Zeros<int>((int)variant.PartialElements(tokens, layer.Out));
            parameters.Arrivals = memory.Zeros<int>(variant.Tiles(tokens, layer.Out));
        }

        EmulatedKernel.Get(variant.Define(), "GemmParams").Launch(variant.Grid(tokens, layer.Out, splits), parameters);
    }
}
