using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>Page-locked host memory.</summary>
internal sealed class PinnedMemory(ICudaDriver driver, CudaContext context, nint value, long bytes) : CudaHandle(driver, context, value)
{
    /// <summary>Size.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>A view of <paramref name="count"/> elements from byte <paramref name="offset"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The view is not inside.</exception>
    public unsafe Span<T> AsSpan<T>(long offset, int count)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)count * Unsafe.SizeOf<T>(), Bytes - offset);
        return new Span<T>((byte*)Value + offset, count);
    }
}
