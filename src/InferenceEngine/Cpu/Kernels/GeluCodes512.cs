using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>int8 codes of GELU, nearly: fewer steps than the contract's polynomial takes, and a bound for how far off they can be. Where a code could
/// come out differently, the caller asks <see cref="Gelu"/>.</summary>
/// <remarks><c>gelu(x) = max(x, 0) − u·Φ(−u)</c> with <c>u = |x|</c> and Φ of the normal distribution. The second term is a least-maximum cubic in u on
/// each of sixteen intervals (our own fits), its coefficients picked from registers, and nearly 0 from <see cref="Limit"/> on.</remarks>
internal readonly struct GeluCodes512
{
    /// <summary>How far <c>max(x, 0) − u·Φ(−u)</c> as computed here is from <see cref="ElementwiseFunctions.Gelu"/>; tested over every float32 from 2^-30 to 16.</summary>
    public const float MaxError = 4.2e-6f;

    /// <summary>Roundings of both computations, in codes: a few units in the last place of 128.</summary>
    public const float MaxRounding = 3e-5f;

    // GELU is above -0.17: with a larger inverse scale codes would reach the lower limit.
    private const float MaxInverseScale = NumericsContract.Int8Max / 0.1700f - 1;

    private const int Intervals = 16;
    private const float Limit = 4.8f;

    // Rounded down: Limit itself is in the last interval.
    private const float IntervalsPerUnit = (Intervals - 0.5f) / Limit;

    // 2^23: added to a float below it, it leaves the nearest integer in the last bits.
    private const float ToInteger = 8_388_608f;

    // An offset that makes codes of int8 unsigned, so that the conversion to bytes is their clamp.
    private const float Unsigned = 128f;

    private readonly Vector512<float> _c0, _c1, _c2, _c3, _inverseScale, _certain;
    private readonly Vector128<byte> _offset;

    /// <param name="inverseScale">1 / scale of the codes.</param>
    /// <param name="offset">See <see cref="Codes.Offset"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GeluCodes512(float inverseScale, byte offset)
    {
        _inverseScale = Vector512.Create(inverseScale);
        var minus = Vector512.Create(-inverseScale);
        _c0 = Vector512.FusedMultiplyAdd(minus, Vector512.Create<float>(Coefficients), Vector512.Create(Unsigned));
        _c1 = minus * Vector512.Create<float>(Coefficients[Intervals..]);
        _c2 = minus * Vector512.Create<float>(Coefficients[(2 * Intervals)..]);
        _c3 = minus * Vector512.Create<float>(Coefficients[(3 * Intervals)..]);
        _certain = Vector512.Create(inverseScale <= MaxInverseScale ? 0.5f - (inverseScale * MaxError + MaxRounding) : -1f);
        _offset = Vector128.Create((byte)(offset - (int)Unsigned));
    }

    /// <summary>16 constant terms, one of each interval, and as many factors of u, u² and u³. Interval i is around <c>i·Limit/15.5</c>.</summary>
    private static ReadOnlySpan<float> Coefficients =>
    [
        -2.9417879e-07f, -0.000393342489f, -0.00459865155f, -0.004162014f, 0.0380585194f, 0.158516988f, 0.341826469f, 0.514057577f,
        0.595473468f, 0.558090985f, 0.435762107f, 0.28887552f, 0.164745167f, 0.0816056728f, 0.0353647768f, 0.0134831937f,

        0.500060916f, 0.505964756f, 0.533476174f, 0.534170151f, 0.420039624f, 0.161934912f, -0.161781058f, -0.420506954f,
        -0.52762121f, -0.486137629f, -0.361658782f, -0.225912422f, -0.120997213f, -0.056286905f, -0.0229410548f, -0.00824328698f,

        -0.400914937f, -0.431399763f, -0.492521286f, -0.496544003f, -0.393429607f, -0.208717883f, -0.0179035813f, 0.111770302f,
        0.158766598f, 0.143425807f, 0.101185054f, 0.0593525171f, 0.0297852755f, 0.0129922489f, 0.00497493567f, 0.00168353238f,

        0.0204568654f, 0.0760284439f, 0.12208847f, 0.125190943f, 0.0940493941f, 0.0498985015f, 0.0123562664f, -0.00932780746f,
        -0.0162039977f, -0.014313492f, -0.00953338109f, -0.00523465872f, -0.0024562641f, -0.0010032407f, -0.000360573264f, -0.000114838331f,
    ];

    /// <summary>Codes, not yet rounded and 128 too large; above 255 is as good as 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Of(Vector512<float> x)
    {
        var u = Lanes512.SmallerMagnitude(x, Vector512.Create(Limit));
        var interval = Vector512.FusedMultiplyAdd(u, Vector512.Create(IntervalsPerUnit), Vector512.Create(ToInteger)).AsInt32();
        var p = Lanes512.Pick(_c3, interval);
        p = Vector512.FusedMultiplyAdd(p, u, Lanes512.Pick(_c2, interval));
        p = Vector512.FusedMultiplyAdd(p, u, Lanes512.Pick(_c1, interval));
        p = Vector512.FusedMultiplyAdd(p, u, Lanes512.Pick(_c0, interval));
        return Vector512.FusedMultiplyAdd(Vector512.MaxNative(x, Vector512<float>.Zero), _inverseScale, p);
    }

    /// <summary>Whether all of them round to the contract's codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AreCertain(Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3)
    {
        var off01 = Lanes512.GreaterMagnitude(Lanes512.OffInteger(y0), Lanes512.OffInteger(y1));
        var off23 = Lanes512.GreaterMagnitude(Lanes512.OffInteger(y2), Lanes512.OffInteger(y3));
        return Vector512.LessThanOrEqualAll(Lanes512.GreaterMagnitude(off01, off23), _certain);
    }

    /// <summary>The codes, rounded, with their offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector128<byte> Round(Vector512<float> y) => Lanes512.ToUInt8Saturated(y) + _offset;
}
