using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Embedding
{
    public static void Avx2(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float* destination)
    {
        var c = 0;
        for (; c + 8 <= hidden; c += 8)
            Avx.Add(Avx.Add(Eight(word, c), Eight(position, c)), Eight(type, c)).Store(destination + c);
        for (; c < hidden; c++) destination[c] = At(word, c) + At(position, c) + At(type, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(in EmbeddingRow row, int column) => row.Values != null
        ? Avx.LoadVector256(row.Values + column)
        : Avx.Multiply(
            Avx.ConvertToVector256Single(Simd.ConvertToVector256Int32(row.Codes + column)),
            Vector256.Create(row.Scale));
}
