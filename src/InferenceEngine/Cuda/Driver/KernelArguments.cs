using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>Kernel parameters, packed as the device reads them: in order, each at a multiple of its own alignment.</summary>
internal sealed class KernelArguments
{
    private byte[] _bytes = new byte[64];
    private int _length;

    /// <summary>The packed bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Appends a device address.</summary>
    public KernelArguments Add(DeviceRange range) => Add(range.Address);

    /// <summary>Appends a scalar, aligned to its size.</summary>
    public KernelArguments Add<T>(T value)
        where T : unmanaged => Add(value, Unsafe.SizeOf<T>());

    /// <summary>Appends a structure with the layout of its C declaration.</summary>
    /// <param name="value">The structure.</param>
    /// <param name="alignment">Alignment of the C type, a power of two: that of its widest member.</param>
    public KernelArguments Add<T>(T value, int alignment)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alignment);
        if (!int.IsPow2(alignment)) throw new ArgumentException($"alignment {alignment} is not a power of two; pass a structure's own.", nameof(alignment));
        var start = (_length + alignment - 1) & -alignment;
        var size = Unsafe.SizeOf<T>();
        if (start + size > _bytes.Length) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, start + size));
        MemoryMarshal.Write(_bytes.AsSpan(start), in value);
        _length = start + size;
        return this;
    }
}
