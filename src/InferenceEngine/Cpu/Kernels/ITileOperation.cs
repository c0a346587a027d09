using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The one instruction (or two) in which the tiles of two tiers differ.</summary>
internal interface ITileOperation
{
    /// <summary>Adds to each int32 lane the dot product of that lane's four bytes of x and w, as the tier understands them.</summary>
    static abstract Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w);
}
