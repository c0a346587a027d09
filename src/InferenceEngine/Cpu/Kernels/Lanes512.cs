using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-512 instructions that <see cref="Vector512"/> has no name for. On a processor without them two AVX2 halves give
/// the same bits, so that the 512-bit code can be tested anywhere; the choice is made when the code is compiled.</summary>
internal static class Lanes512
{
    /// <summary><c>min(max(v, -limit), limit)</c> for limit > 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Clamp(Vector512<float> v, Vector512<float> limit)
    {
        const byte smallerMagnitudeWithSignOfFirst = 0b00_10;
        return Avx512DQ.IsSupported
            ? Avx512DQ.Range(v, limit, smallerMagnitudeWithSignOfFirst)
            : Vector512.MinNative(Vector512.MaxNative(v, -limit), limit);
    }

    /// <summary><c>min(|v|, limit)</c> for limit > 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SmallerMagnitude(Vector512<float> v, Vector512<float> limit)
    {
        const byte smallerMagnitudeWithoutSign = 0b10_10;
        return Avx512DQ.IsSupported ? Avx512DQ.Range(v, limit, smallerMagnitudeWithoutSign) : Vector512.MinNative(Vector512.Abs(v), limit);
    }

    /// <summary><c>max(|a|, |b|)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> GreaterMagnitude(Vector512<float> a, Vector512<float> b)
    {
        const byte greaterMagnitudeWithoutSign = 0b10_11;
        return Avx512DQ.IsSupported ? Avx512DQ.Range(a, b, greaterMagnitudeWithoutSign) : Vector512.MaxNative(Vector512.Abs(a), Vector512.Abs(b));
    }

    /// <summary>Nearest integers as floats, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> v) => Avx512F.IsSupported ? Avx512F.RoundScale(v, 0) : Vector512.Round(v);

    /// <summary>v less its nearest integer, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> OffInteger(Vector512<float> v) => Avx512DQ.IsSupported ? Avx512DQ.Reduce(v, 0) : v - Round(v);

    /// <summary><c>v · 2^n</c> for an integer n in [−126, 127], rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> TimesPowerOfTwo(Vector512<float> v, Vector512<float> n) => Avx512F.IsSupported
        ? Avx512F.Scale(v, n)
        : v * Vector512.ShiftLeft(RoundToInt32(n) + Vector512.Create(127), 23).AsSingle();

    /// <summary>For each lane the value whose number is in the last four bits of <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Pick(Vector512<float> values, Vector512<int> index) => Avx512F.IsSupported
        ? Avx512F.PermuteVar16x32(values, index)
        : Vector512.Shuffle(values, index & Vector512.Create(15));

    /// <summary>Nearest integers, ties to even; the values fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> RoundToInt32(Vector512<float> v) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(v)
        : Vector512.Create(Avx.ConvertToVector256Int32(v.GetLower()), Avx.ConvertToVector256Int32(v.GetUpper()));

    /// <summary>Exact products of the even lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<long> MultiplyEven(Vector512<int> a, Vector512<int> b) => Avx512F.IsSupported
        ? Avx512F.Multiply(a, b)
        : Vector512.Create(Simd.Multiply(a.GetLower(), b.GetLower()), Simd.Multiply(a.GetUpper(), b.GetUpper()));

    /// <summary>int32 lanes as int16, in order; the values fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> ToInt16(Vector512<int> v) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector256Int16(v)
        // Per 128-bit lane: [0..3, 8..11 | 4..7, 12..15] -> quadwords 0, 2, 1, 3 put it in order.
        : Simd.Permute4x64(Simd.PackSignedSaturate(v.GetLower(), v.GetUpper()).AsInt64(), 0b11_01_10_00).AsInt16();

    /// <summary>int32 lanes as int8, in order; the values fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> ToInt8(Vector512<int> v)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector128SByte(v);
        var words = ToInt16(v);
        return Sse2.PackSignedSaturate(words.GetLower(), words.GetUpper());
    }

    /// <summary>int32 lanes as unsigned bytes, in order; the values fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ToUInt8(Vector512<int> v)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector128Byte(v);
        var words = ToInt16(v);
        return Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
    }

    /// <summary>Nearest integers, ties to even, as unsigned bytes, in order; what is larger becomes 255. None is below −0.5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ToUInt8Saturated(Vector512<float> v) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector128ByteWithSaturation(Avx512F.ConvertToVector512UInt32(v))
        : ToUInt8(RoundToInt32(Vector512.MinNative(v, Vector512.Create((float)byte.MaxValue))));
}
