using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows of the AVX2 2:4 tile: every 8 codes are followed by their 8 negatives. K is a multiple of 8.</summary>
internal readonly unsafe struct SignedRows : IRowPacker
{
    public static int CodeBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes)
    {
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            for (var i = 0; i < k; i += 8)
            {
                var x = Vector128.CreateScalar(*(long*)(source + i)).AsSByte();
                var negative = Sse2.Subtract(Vector128<sbyte>.Zero, x); // -128 is no code.
                Sse2.UnpackLow(x.AsInt64(), negative.AsInt64()).Store((long*)(destination + 2 * i));
            }
        }
    }
}
