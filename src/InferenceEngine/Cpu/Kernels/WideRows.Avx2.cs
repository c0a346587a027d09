using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows of codes widened to int16: the left operand of the dense AVX2 tile, zero-padded to a multiple of four codes.</summary>
internal readonly unsafe struct WideRows : IRowPacker
{
    public static int CodeBytes => sizeof(short);

    public static void Pack(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes) => Pack<sbyte>(source, stride, rows, k, destination, rowBytes);

    /// <summary>Packs rows of signed or unsigned codes.</summary>
    /// <inheritdoc cref="IRowPacker.Pack"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack<TCode>(TCode* source, nint stride, int rows, int k, byte* destination, nint rowBytes) where TCode : unmanaged
    {
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            var d = (short*)destination;
            var i = 0;
            for (; i + 16 <= k; i += 16)
                (typeof(TCode) == typeof(byte) ? Avx2.ConvertToVector256Int16((byte*)source + i) : Avx2.ConvertToVector256Int16((sbyte*)source + i)).Store(d + i);
            for (; i < k; i++) d[i] = typeof(TCode) == typeof(byte) ? ((byte*)source)[i] : ((sbyte*)source)[i];
            for (; (i & 3) != 0; i++) d[i] = 0;
        }
    }
}
