using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Stores of a tile's result.</summary>
internal static unsafe class TileStore
{
    /// <summary>One row of 16 accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Row(int* c, Vector256<int> low, Vector256<int> high)
    {
        low.Store(c);
        high.Store(c + 8);
    }
}
