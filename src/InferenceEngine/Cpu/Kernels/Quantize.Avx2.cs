using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// clamp(rint(v), ±max) is computed as rint(clamp(v, ±max)): the bounds are integers and rint is monotone, so both are
// the same function; and the clamped value always fits the conversion, which rounds ties to even.
internal static unsafe partial class Quantize
{
    /// <summary>Codes of eight values as int32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Avx2(Vector256<float> x, Vector256<float> inverseScale, Vector256<float> max)
    {
        var v = Avx.Multiply(x, inverseScale);
        v = Avx.Min(Avx.Max(v, Avx.Subtract(Vector256<float>.Zero, max)), max);
        return Avx.ConvertToVector256Int32(v);
    }

    /// <summary>int8 codes of sixteen values, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> ToInt8(Vector256<float> x0, Vector256<float> x1, float inverseScale)
    {
        var words = ToWords(x0, x1, inverseScale, NumericsContract.Int8Max);
        return Sse2.PackSignedSaturate(words.GetLower(), words.GetUpper());
    }

    /// <summary>int16 codes of sixteen values, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> ToInt16(Vector256<float> x0, Vector256<float> x1, float inverseScale) =>
        ToWords(x0, x1, inverseScale, NumericsContract.Int16Max);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx2(float* source, int count, Codes destination)
    {
        var inverseScale = destination.Quantizer.InverseScale;
        var i = 0;
        if (destination.Width == CodeWidth.Int8)
        {
            var offset = Vector128.Create((sbyte)destination.Offset);
            for (; i + 16 <= count; i += 16)
                Sse2.Add(ToInt8(Avx.LoadVector256(source + i), Avx.LoadVector256(source + i + 8), inverseScale), offset).Store(destination.Int8 + i);
        }
        else
        {
            for (; i + 16 <= count; i += 16)
                ToInt16(Avx.LoadVector256(source + i), Avx.LoadVector256(source + i + 8), inverseScale).Store(destination.Int16 + i);
        }

        Scalar(source + i, count - i, destination.From(i));
    }

    // vpackssdw works per 128-bit lane: [x0 low, x1 low | x0 high, x1 high] -> quadwords 0, 2, 1, 3 put it in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> ToWords(Vector256<float> x0, Vector256<float> x1, float inverseScale, int max)
    {
        var inv = Vector256.Create(inverseScale);
        var limit = Vector256.Create((float)max);
        var packed = Simd.PackSignedSaturate(Avx2(x0, inv, limit), Avx2(x1, inv, limit));
        return Simd.Permute4x64(packed.AsInt64(), 0b11_01_10_00).AsInt16();
    }
}
