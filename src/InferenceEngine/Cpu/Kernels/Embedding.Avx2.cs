using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Embedding
{
    public static RowSums Avx2(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination)
    {
        Vector256<float> grid = Vector256.Create(gridScale), max = Vector256.Create((float)NumericsContract.LayerNormFixedMax);
        var sum = Vector256<int>.Zero;
        var squares = Vector256<long>.Zero;
        var c = 0;
        for (; c + 8 <= hidden; c += 8)
        {
            var f = Quantize.Avx2(Avx.Add(Avx.Add(Eight(word, c), Eight(position, c)), Eight(type, c)), grid, max);
            f.Store(destination + c);
            sum = Simd.Add(sum, f);
            squares = Simd.Add(squares, LayerNorm.Squares(f));
        }

        return new RowSums(Vector256.Sum(sum), Vector256.Sum(squares)) + Scalar(word, position, type, c, hidden, gridScale, destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(in EmbeddingRow row, int column) => row.Values != null
        ? Avx.LoadVector256(row.Values + column)
        : Avx.Multiply(
            Avx.ConvertToVector256Single(Simd.ConvertToVector256Int32(row.Codes + column)),
            Vector256.Create(row.Scale));
}
