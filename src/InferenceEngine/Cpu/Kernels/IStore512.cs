using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Where sixteen values in a register go.</summary>
internal interface IStore512<TSelf>
    where TSelf : struct, IStore512<TSelf>
{
    /// <summary>The store with its operands in registers: what lies in memory would be read again after every row stored.</summary>
    static abstract TSelf Of(in LinearOutput output);

    /// <summary>Stores 16 values at element <paramref name="index"/>; the destination has room for all of them.</summary>
    void Store(nint index, Vector512<float> y);
}

internal readonly struct NoStore512 : IStore512<NoStore512>
{
    public static NoStore512 Of(in LinearOutput output) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(nint index, Vector512<float> y)
    {
    }
}

internal readonly unsafe struct FloatStore512(float* destination) : IStore512<FloatStore512>
{
    public static FloatStore512 Of(in LinearOutput output) => new((float*)output.Destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(nint index, Vector512<float> y) => y.Store(destination + index);
}

internal readonly unsafe struct Int8Store512(sbyte* destination, float inverseScale, byte offset) : IStore512<Int8Store512>
{
    private readonly Vector512<float> _inverse = Vector512.Create(inverseScale);
    private readonly Vector128<sbyte> _offset = Vector128.Create((sbyte)offset);

    public Int8Store512(Codes codes)
        : this(codes.Int8, codes.Quantizer.InverseScale, codes.Offset)
    {
    }

    public static Int8Store512 Of(in LinearOutput output) => new((sbyte*)output.Destination, output.InverseScale, output.CodeOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(nint index, Vector512<float> y) => (Quantize.ToInt8(y, _inverse) + _offset).Store(destination + index);
}

internal readonly unsafe struct Int16Store512(short* destination, float inverseScale) : IStore512<Int16Store512>
{
    private readonly Vector512<float> _inverse = Vector512.Create(inverseScale);

    public Int16Store512(Codes codes)
        : this(codes.Int16, codes.Quantizer.InverseScale)
    {
    }

    public static Int16Store512 Of(in LinearOutput output) => new((short*)output.Destination, output.InverseScale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(nint index, Vector512<float> y) => Quantize.ToInt16(y, _inverse).Store(destination + index);
}

internal readonly unsafe struct TanhInt16Store512(Int16Store512 codes) : IStore512<TanhInt16Store512>
{
    public static TanhInt16Store512 Of(in LinearOutput output) => new(Int16Store512.Of(output));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(nint index, Vector512<float> y) => codes.Store(index, Tanh.Avx512(y));
}
