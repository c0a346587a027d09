using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>A row of 16 accumulators of a tile.</summary>
internal static unsafe class TileRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(int* c, out Vector256<int> low, out Vector256<int> high)
    {
        low = Vector256.Load(c);
        high = Vector256.Load(c + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(int* c, Vector256<int> low, Vector256<int> high)
    {
        low.Store(c);
        high.Store(c + 8);
    }
}
