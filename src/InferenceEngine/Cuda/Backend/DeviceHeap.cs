using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Device memory that is filled once and freed as a whole: weights. A few large allocations instead of hundreds.</summary>
internal sealed class DeviceHeap(ICudaDriver driver, CudaContext context, string purpose, long slabBytes = 32L << 20) : IDisposable
{
    private const int Alignment = 256;
    private readonly List<DeviceMemory> _slabs = [];
    private long _used;

    /// <summary>Bytes allocated so far.</summary>
    public long Bytes => _slabs.Sum(s => s.Bytes);

    /// <summary>Reserves aligned memory.</summary>
    public DeviceRange Reserve(long bytes)
    {
        var aligned = (Math.Max(bytes, 1) + Alignment - 1) & -Alignment;
        if (_slabs.Count == 0 || _used + aligned > _slabs[^1].Bytes)
        {
            _slabs.Add(driver.Allocate(context, Math.Max(slabBytes, aligned), purpose));
            _used = 0;
        }

        var range = _slabs[^1].Slice(_used, bytes);
        _used += aligned;
        return range;
    }

    /// <summary>Reserves memory and copies an array into it.</summary>
    public DeviceRange Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        var range = Reserve(bytes.Length);
        driver.Upload(range, bytes);
        return range;
    }

    /// <summary>Frees everything.</summary>
    public void Dispose() => _slabs.ForEach(s => s.Dispose());
}
