using System.Globalization;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>A block of the attention kernel.</summary>
/// <param name="Groups">Groups of 16 queries.</param>
/// <param name="Split">Warps of a group, which divide the keys among themselves.</param>
/// <param name="KeyTile">Keys held at once.</param>
internal readonly record struct AttentionShape(int Groups, int Split, int KeyTile)
{
    /// <summary>What to compile.</summary>
    public KernelDefinition Define(int headDim, OutputType output) => KernelLibrary.Attention(headDim, Groups * Split, Split, KeyTile, output);

    /// <summary>Groups of queries x warps of a group x keys held at once.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Groups}x{Split}x{KeyTile}");
}
