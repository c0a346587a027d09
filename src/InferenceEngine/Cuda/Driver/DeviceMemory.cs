namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>Device memory.</summary>
internal sealed class DeviceMemory(ICudaDriver driver, CudaContext context, nint value, long bytes) : CudaHandle(driver, context, value)
{
    /// <summary>Size.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>All of it.</summary>
    public DeviceRange All => new(this, 0, Bytes);

    /// <summary>A part of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside.</exception>
    public DeviceRange Slice(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Bytes - offset);
        return new DeviceRange(this, offset, bytes);
    }
}

/// <summary>A part of device memory.</summary>
/// <param name="Memory">The allocation.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Bytes">Length.</param>
internal readonly record struct DeviceRange(DeviceMemory Memory, long Offset, long Bytes)
{
    /// <summary>Device address of the first byte.</summary>
    public ulong Address => (ulong)(Memory.Value + (nint)Offset);

    /// <summary>A part of this part.</summary>
    public DeviceRange Slice(long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Bytes - offset);
        return new DeviceRange(Memory, Offset + offset, bytes);
    }
}
