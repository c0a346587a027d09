using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Quantize
{
    /// <summary>Codes of sixteen values as int32; why clamping comes first is said at <see cref="Avx2(Vector256{float}, Vector256{float}, Vector256{float})"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Avx512(Vector512<float> x, Vector512<float> inverseScale, Vector512<float> max) =>
        Lanes512.RoundToInt32(Lanes512.Clamp(x * inverseScale, max));

    /// <summary>int8 codes of sixteen values, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> ToInt8(Vector512<float> x, Vector512<float> inverseScale) =>
        Lanes512.ToInt8(Avx512(x, inverseScale, Vector512.Create((float)NumericsContract.Int8Max)));

    /// <summary>int16 codes of sixteen values, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> ToInt16(Vector512<float> x, Vector512<float> inverseScale) =>
        Lanes512.ToInt16(Avx512(x, inverseScale, Vector512.Create((float)NumericsContract.Int16Max)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx512(float* source, int count, float inverseScale, sbyte* destination)
    {
        if (count < 16)
        {
            Scalar(source, count, inverseScale, destination);
            return;
        }

        var inverse = Vector512.Create(inverseScale);
        var last = count - 16;
        for (var i = 0; i < last; i += 16) ToInt8(Vector512.Load(source + i), inverse).Store(destination + i);
        ToInt8(Vector512.Load(source + last), inverse).Store(destination + last); // Some of them for the second time.
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx512(float* source, int count, float inverseScale, short* destination)
    {
        if (count < 16)
        {
            Scalar(source, count, inverseScale, destination);
            return;
        }

        var inverse = Vector512.Create(inverseScale);
        var last = count - 16;
        for (var i = 0; i < last; i += 16) ToInt16(Vector512.Load(source + i), inverse).Store(destination + i);
        ToInt16(Vector512.Load(source + last), inverse).Store(destination + last);
    }
}
