using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests;

/// <summary><c>vpdpbusd</c> in AVX2, exactly: proves packing, tile edges and epilogues of the VNNI tier where the instruction is missing.</summary>
internal readonly struct EmulatedDotU8S8 : ITileOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w)
    {
        // Even and odd bytes as int16 (x zero-extended, w sign-extended); vpmaddwd of each sums two of a lane's four products.
        var evenX = Avx2.And(x.AsInt16(), Vector256.Create((short)0xff));
        var oddX = Avx2.ShiftRightLogical(x.AsInt16(), 8);
        var evenW = Avx2.ShiftRightArithmetic(Avx2.ShiftLeftLogical(w.AsInt16(), 8), 8);
        var oddW = Avx2.ShiftRightArithmetic(w.AsInt16(), 8);
        return Avx2.Add(acc, Avx2.Add(Avx2.MultiplyAddAdjacent(evenX, evenW), Avx2.MultiplyAddAdjacent(oddX, oddW)));
    }
}
