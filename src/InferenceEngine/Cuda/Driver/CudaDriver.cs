using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using static QatKit.InferenceEngine.Cuda.Driver.NativeMethods;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>The real driver: checks, names errors and nothing else. Stateless beyond its version, so any thread may call it.</summary>
internal sealed unsafe class CudaDriver : ICudaDriver
{
    private CudaDriver(int version) => Version = version;

    /// <inheritdoc/>
    public int Version { get; }

    /// <summary>Loads and initialises the driver.</summary>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6001 no driver, QK6002 no device, QK6003 too old, QK6004 otherwise.</exception>
    public static CudaDriver Open()
    {
        try
        {
            Check(cuDriverGetVersion(out var version), nameof(cuDriverGetVersion));
            if (version < CudaErrors.MinimumDriverVersion) throw CudaErrors.DriverTooOld(version);
            var result = cuInit(0);
            if (result == CudaResult.NoDevice) throw CudaErrors.NoDevice("the driver is installed but finds no device. Check that the GPU is visible to this process (containers, CUDA_VISIBLE_DEVICES), or run on the CPU.");
            Check(result, nameof(cuInit));
            return new CudaDriver(version);
        }
        catch (DllNotFoundException)
        {
            throw CudaErrors.NoDriver(CudaLibrary);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<CudaDevice> Devices()
    {
        Check(cuDeviceGetCount(out var count), nameof(cuDeviceGetCount));
        return [.. Enumerable.Range(0, count).Select(Describe)];
    }

    /// <inheritdoc/>
    public CudaContext CreateContext(CudaDevice device)
    {
        Check(cuDevicePrimaryCtxRetain(out var value, DeviceOf(device.Ordinal)), nameof(cuDevicePrimaryCtxRetain), device.ToString());
        var context = new CudaContext(this, device, value);
        MakeCurrent(context);
        return context;
    }

    /// <inheritdoc/>
    public void MakeCurrent(CudaContext context) => Check(cuCtxSetCurrent(context.Value), nameof(cuCtxSetCurrent));

    /// <inheritdoc/>
    public DeviceMemory Allocate(CudaContext context, long bytes, string purpose)
    {
        var result = cuMemAlloc(out var address, (nuint)bytes);
        CheckMemory(result, nameof(cuMemAlloc), bytes, purpose);
        return new DeviceMemory(this, context, address, bytes);
    }

    /// <inheritdoc/>
    public PinnedMemory AllocatePinned(CudaContext context, long bytes, string purpose)
    {
        var result = cuMemAllocHost(out var pointer, (nuint)bytes);
        CheckMemory(result, nameof(cuMemAllocHost), bytes, purpose);
        return new PinnedMemory(this, context, pointer, bytes);
    }

    /// <inheritdoc/>
    public CudaStream CreateStream(CudaContext context)
    {
        const uint nonBlocking = 1;
        Check(cuStreamCreate(out var stream, nonBlocking), nameof(cuStreamCreate));
        return new CudaStream(this, context, stream);
    }

    /// <inheritdoc/>
    public CudaEvent CreateEvent(CudaContext context, bool timing)
    {
        const uint disableTiming = 2;
        Check(cuEventCreate(out var value, timing ? 0 : disableTiming), nameof(cuEventCreate));
        return new CudaEvent(this, context, value);
    }

    /// <inheritdoc/>
    public CudaModule LoadModule(CudaContext context, ReadOnlySpan<byte> image, string name)
    {
        const int logBytes = 8192;
        var log = stackalloc byte[logBytes];
        log[0] = 0;
        var options = stackalloc[] { JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferSizeBytes };
        var values = stackalloc void*[] { log, (void*)logBytes };
        fixed (byte* bytes = image)
        {
            var result = cuModuleLoadDataEx(out var module, bytes, 2, options, values);
            if (result != CudaResult.Success)
            {
                var text = Text(log).Trim();
                Check(result, nameof(cuModuleLoadDataEx), text.Length == 0 ? $"loading {name}" : $"loading {name}, log: {text}");
            }

            return new CudaModule(this, context, module, name);
        }
    }

    /// <inheritdoc/>
    public CudaFunction GetFunction(CudaModule module, string name)
    {
        Check(cuModuleGetFunction(out var function, module.Value, name), nameof(cuModuleGetFunction), $"kernel {name} of {module.Name}");
        int Get(FunctionAttribute attribute)
        {
            Check(cuFuncGetAttribute(out var value, attribute, function), nameof(cuFuncGetAttribute), name);
            return value;
        }

        return new CudaFunction(module, name, function, Get(FunctionAttribute.NumRegs), Get(FunctionAttribute.LocalSizeBytes),
            Get(FunctionAttribute.SharedSizeBytes), Get(FunctionAttribute.MaxThreadsPerBlock));
    }

    /// <inheritdoc/>
    public void AllowSharedMemory(CudaFunction function, int bytes) => Check(
        cuFuncSetAttribute(function.Value, FunctionAttribute.MaxDynamicSharedSizeBytes, bytes), nameof(cuFuncSetAttribute),
        $"{bytes} bytes of dynamic shared memory for kernel {function.Name}");

    /// <inheritdoc/>
    public void PreferSharedMemory(CudaFunction function)
    {
        const int percent = 100;
        Check(cuFuncSetAttribute(function.Value, FunctionAttribute.PreferredSharedMemoryCarveout, percent), nameof(cuFuncSetAttribute),
            $"the largest share of shared memory for kernel {function.Name}");
    }

    /// <inheritdoc/>
    public void DescribeTensor(Span<byte> map, DeviceRange matrix, int columns, int rows, int pitch, int boxColumns, int boxRows)
    {
        // CUtensorMap is 128 bytes at a multiple of 64.
        const int mapBytes = 128, mapAlignment = 64;
        var space = stackalloc byte[mapBytes + mapAlignment];
        var aligned = (byte*)(((nint)space + mapAlignment - 1) & -mapAlignment);
        var dimensions = stackalloc[] { (ulong)columns, (ulong)rows };
        var strides = stackalloc[] { (ulong)pitch };
        var box = stackalloc[] { (uint)boxColumns, (uint)boxRows };
        var elementStrides = stackalloc[] { 1u, 1u };
        const int uint8 = 0, noInterleave = 0, swizzle128Bytes = 3, promoteTo256Bytes = 3, fillZeros = 0;
        Check(cuTensorMapEncodeTiled(aligned, uint8, 2, matrix.Address, dimensions, strides, box, elementStrides,
            noInterleave, swizzle128Bytes, promoteTo256Bytes, fillZeros), nameof(cuTensorMapEncodeTiled), $"[{rows}, {columns}] bytes, pitch {pitch}");
        new ReadOnlySpan<byte>(aligned, mapBytes).CopyTo(map);
    }

    /// <inheritdoc/>
    public void Upload(DeviceRange target, ReadOnlySpan<byte> source)
    {
        RequireLength(target, source.Length);
        fixed (byte* bytes = source) Check(cuMemcpyHtoD(target.Address, bytes, (nuint)source.Length), nameof(cuMemcpyHtoD));
        // A small copy from pageable memory returns when it is staged, and our streams do not wait for the default stream, in which it runs.
        Check(cuStreamSynchronize(0), nameof(cuStreamSynchronize), "waiting for an upload");
    }

    /// <inheritdoc/>
    public void Download(Span<byte> target, DeviceRange source)
    {
        RequireLength(source, target.Length);
        fixed (byte* bytes = target) Check(cuMemcpyDtoH(bytes, source.Address, (nuint)target.Length), nameof(cuMemcpyDtoH));
    }

    /// <inheritdoc/>
    public void CopyToDevice(CudaStream stream, DeviceRange target, PinnedMemory source, long sourceOffset) => Check(
        cuMemcpyHtoDAsync(target.Address, Part(source, sourceOffset, target.Bytes), (nuint)target.Bytes, stream.Value), nameof(cuMemcpyHtoDAsync));

    /// <inheritdoc/>
    public void CopyToHost(CudaStream stream, PinnedMemory target, long targetOffset, DeviceRange source) => Check(
        cuMemcpyDtoHAsync(Part(target, targetOffset, source.Bytes), source.Address, (nuint)source.Bytes, stream.Value), nameof(cuMemcpyDtoHAsync));

    /// <inheritdoc/>
    public void Fill(CudaStream stream, DeviceRange target, byte value) =>
        Check(cuMemsetD8Async(target.Address, value, (nuint)target.Bytes, stream.Value), nameof(cuMemsetD8Async));

    /// <inheritdoc/>
    public void Launch(CudaStream stream, CudaLaunch launch)
    {
        var attributes = stackalloc LaunchAttribute[2];
        var count = 0u;
        if (launch.Cluster is { } cluster)
            attributes[count++] = new() { Id = LaunchAttributeId.ClusterDimension, X = (uint)cluster.X, Y = (uint)cluster.Y, Z = (uint)cluster.Z };
        if (launch.OverlapsPredecessor)
            attributes[count++] = new() { Id = LaunchAttributeId.ProgrammaticStreamSerialization, X = 1 };
        var configuration = new LaunchConfiguration
        {
            GridX = (uint)launch.Grid.X,
            GridY = (uint)launch.Grid.Y,
            GridZ = (uint)launch.Grid.Z,
            BlockX = (uint)launch.Block.X,
            BlockY = (uint)launch.Block.Y,
            BlockZ = (uint)launch.Block.Z,
            SharedBytes = (uint)launch.SharedBytes,
            Stream = stream.Value,
            Attributes = attributes,
            AttributeCount = count,
        };
        fixed (byte* bytes = launch.Arguments.Bytes)
        {
            // One address for each parameter: the driver knows from the kernel how large it is and where it goes. A packed buffer (`extra`)
            // would have to repeat that layout, and a parameter with an alignment of 64 does not begin at its start.
            void* parameter = bytes;
            CheckLaunch(cuLaunchKernelEx(&configuration, launch.Function.Value, &parameter, null), nameof(cuLaunchKernelEx), launch);
        }
    }

    /// <inheritdoc/>
    public void Record(CudaEvent @event, CudaStream stream) => Check(cuEventRecord(@event.Value, stream.Value), nameof(cuEventRecord));

    /// <inheritdoc/>
    public float ElapsedMilliseconds(CudaEvent start, CudaEvent end)
    {
        Check(cuEventElapsedTime(out var milliseconds, start.Value, end.Value), nameof(cuEventElapsedTime));
        return milliseconds;
    }

    /// <inheritdoc/>
    public void Synchronize(CudaStream stream, CudaLaunch? only = null)
    {
        var result = cuStreamSynchronize(stream.Value);
        if (only is null) Check(result, nameof(cuStreamSynchronize), "waiting for the stream's kernels");
        else CheckLaunch(result, nameof(cuStreamSynchronize), only);
    }

    /// <inheritdoc/>
    public void BeginCapture(CudaStream stream)
    {
        const int threadLocal = 1; // Other threads of the process may allocate meanwhile.
        Check(cuStreamBeginCapture(stream.Value, threadLocal), nameof(cuStreamBeginCapture));
    }

    /// <inheritdoc/>
    public CudaGraph EndCapture(CudaStream stream, string name)
    {
        Check(cuStreamEndCapture(stream.Value, out var graph), nameof(cuStreamEndCapture), name);
        try
        {
            Check(cuGraphInstantiateWithFlags(out var executable, graph, 0), nameof(cuGraphInstantiateWithFlags), name);
            return new CudaGraph(this, stream.Context!, executable, name);
        }
        finally
        {
            _ = cuGraphDestroy(graph);
        }
    }

    /// <inheritdoc/>
    public void AbandonCapture(CudaStream stream)
    {
        _ = cuStreamEndCapture(stream.Value, out var graph);
        if (graph != 0) _ = cuGraphDestroy(graph);
    }

    /// <inheritdoc/>
    public void Launch(CudaStream stream, CudaGraph graph) => Check(cuGraphLaunch(graph.Value, stream.Value), nameof(cuGraphLaunch), graph.Name);

    /// <inheritdoc/>
    public bool Release(CudaHandle handle)
    {
        if (handle is CudaContext context)
            return cuDeviceGet(out var device, context.Device.Ordinal) == CudaResult.Success && cuDevicePrimaryCtxRelease(device) == CudaResult.Success;
        // Any thread may release, also the finalizer's, which has no current context.
        if (cuCtxPushCurrent(handle.Context!.Value) != CudaResult.Success) return false;
        var result = handle switch
        {
            DeviceMemory => cuMemFree(handle.Value),
            PinnedMemory => cuMemFreeHost(handle.Value),
            CudaStream => cuStreamDestroy(handle.Value),
            CudaEvent => cuEventDestroy(handle.Value),
            CudaGraph => cuGraphExecDestroy(handle.Value),
            _ => cuModuleUnload(handle.Value),
        };
        _ = cuCtxPopCurrent(out _);
        return result == CudaResult.Success;
    }

    private static CudaDevice Describe(int ordinal)
    {
        var device = DeviceOf(ordinal);
        const int nameBytes = 256;
        var name = stackalloc byte[nameBytes];
        Check(cuDeviceGetName(name, nameBytes, device), nameof(cuDeviceGetName));
        Check(cuDeviceTotalMem(out var memory, device), nameof(cuDeviceTotalMem));
        int Get(DeviceAttribute attribute)
        {
            Check(cuDeviceGetAttribute(out var value, attribute, device), nameof(cuDeviceGetAttribute), attribute.ToString());
            return value;
        }

        return new CudaDevice(ordinal, Text(name), Get(DeviceAttribute.ComputeCapabilityMajor), Get(DeviceAttribute.ComputeCapabilityMinor),
            Get(DeviceAttribute.MultiprocessorCount), Get(DeviceAttribute.MaxSharedMemoryPerBlockOptin),
            Get(DeviceAttribute.MaxSharedMemoryPerMultiprocessor), Get(DeviceAttribute.L2CacheSize), (long)memory, Get(DeviceAttribute.ClockRate));
    }

    private static int DeviceOf(int ordinal)
    {
        Check(cuDeviceGet(out var device, ordinal), nameof(cuDeviceGet));
        return device;
    }

    private static byte* Part(PinnedMemory memory, long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, memory.Bytes - offset);
        return (byte*)memory.Value + offset;
    }

    private static void RequireLength(DeviceRange range, int length, [CallerArgumentExpression(nameof(range))] string name = "")
    {
        if (range.Bytes != length) throw new ArgumentException($"{range.Bytes} bytes on the device, {length} on the host.", name);
    }

    private static void Check(int result, string api, string what = "")
    {
        if (result == CudaResult.Success) return;
        var (name, text) = Explain(result);
        CudaErrors.ThrowCall(api, name, text, what);
    }

    private static void CheckLaunch(int result, string api, CudaLaunch launch)
    {
        if (result == CudaResult.Success) return;
        var (name, text) = Explain(result);
        CudaErrors.ThrowLaunch(api, name, text, launch);
    }

    private static void CheckMemory(int result, string api, long bytes, string purpose)
    {
        if (result == CudaResult.OutOfMemory)
        {
            var known = cuMemGetInfo(out var free, out var total) == CudaResult.Success;
            CudaErrors.ThrowOutOfMemory(api, bytes, purpose, known ? (long)free : -1, known ? (long)total : -1);
        }

        Check(result, api, purpose);
    }

    private static (string Name, string Text) Explain(int result)
    {
        var name = cuGetErrorName(result, out var n) == CudaResult.Success ? Text(n) : $"error {result}";
        var text = cuGetErrorString(result, out var t) == CudaResult.Success ? Text(t) : "no text";
        return (name, text);
    }

    private static string Text(byte* zeroTerminated) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(zeroTerminated));
}
