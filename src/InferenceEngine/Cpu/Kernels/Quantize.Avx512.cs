using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Graph;
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

    public static void Avx512(float* source, int count, Codes destination)
    {
        if (count < 16) Scalar(source, count, destination);
        else if (destination.Width == CodeWidth.Int8) Store(source, count, new Int8Store512(destination));
        else Store(source, count, new Int16Store512(destination));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Store<TStore>(float* source, int count, TStore codes)
        where TStore : struct, IStore512<TStore>
    {
        var last = count - 16;
        for (var i = 0; i < last; i += 16) codes.Store(i, Vector512.Load(source + i));
        codes.Store(last, Vector512.Load(source + last)); // Some of them for the second time.
    }
}
