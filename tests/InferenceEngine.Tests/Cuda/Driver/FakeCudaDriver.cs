using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Driver;

/// <summary>A driver without a device: memory is host memory, so copies are real; every call is recorded; graphs replay what was
/// captured; kernels do what <see cref="OnLaunch"/> says. Thread-safe like the real one.</summary>
internal sealed unsafe class FakeCudaDriver : ICudaDriver
{
    // What the alignment of dynamic shared memory costs: every kernel with an aligned array has it.
    private const int StaticSharedBytes = 1024;
    private readonly Lock _gate = new();
    private readonly List<string> _calls = [];
    private readonly Dictionary<nint, string> _open = [];
    private readonly Dictionary<nint, long> _allocations = [];
    private readonly Dictionary<nint, List<Action>> _graphs = [];
    private readonly Dictionary<nint, List<Action>> _capturing = [];
    private readonly Dictionary<nint, double> _recorded = [];
    private readonly Dictionary<string, int> _allowed = [];
    private nint _next = 0x1000;
    private double _clock;

    /// <summary>A made-up data-centre device.</summary>
    public static CudaDevice Device(int major = 8, int minor = 0, int ordinal = 0, int multiprocessors = 108) =>
        new(ordinal, "Fake GPU", major, minor, multiprocessors, 166912, 167936, 40 << 20, 1L << 30, 1_410_000);

    /// <summary>A made-up Hopper.</summary>
    public static CudaDevice Hopper { get; } = Device(9, 0, multiprocessors: 132) with { SharedBytesPerBlock = 232448, SharedBytesPerMultiprocessor = 233472 };

    public List<CudaDevice> InstalledDevices { get; } = [Device()];

    public int Version { get; init; } = 12040;

    /// <summary>Bytes of device memory that may be allocated.</summary>
    public long Capacity { get; set; } = 1L << 30;

    /// <summary>What a kernel does, executed at launch and at every replay of a graph that captured it.</summary>
    public Action<CudaLaunch>? OnLaunch { get; set; }

    /// <summary>What a kernel takes on the clock of timing events, in milliseconds; copies take none.</summary>
    public Func<CudaLaunch, double> Milliseconds { get; set; } = _ => 0;

    /// <summary>Makes a call fail: given the name of the method, returns CUDA's name and text of an error, or null.</summary>
    public Func<string, (string Name, string Text)?>? FailOn { get; set; }

    /// <summary>Registers of every kernel.</summary>
    public int Registers { get; set; } = 168;

    public long AllocatedBytes { get; private set; }

    public List<CudaLaunch> Launches { get; } = [];

    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate) return [.. _calls];
        }
    }

    /// <summary>What has not been released, by kind.</summary>
    public IReadOnlyList<string> Open
    {
        get
        {
            lock (_gate) return [.. _open.Values.Order()];
        }
    }

    public void ClearCalls()
    {
        lock (_gate) _calls.Clear();
        Launches.Clear();
    }

    public IReadOnlyList<CudaDevice> Devices() => InstalledDevices;

    public CudaContext CreateContext(CudaDevice device) => new(this, device, Opened("context", $"context {device.Ordinal}"));

    public void MakeCurrent(CudaContext context) => Note("current");

    public DeviceMemory Allocate(CudaContext context, long bytes, string purpose)
    {
        Fail("Allocate");
        lock (_gate)
        {
            if (AllocatedBytes + bytes > Capacity) CudaErrors.ThrowOutOfMemory("cuMemAlloc", bytes, purpose, Capacity - AllocatedBytes, Capacity);
            AllocatedBytes += bytes;
        }

        var address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256);
        lock (_gate) _allocations.Add(address, bytes);
        new Span<byte>((void*)address, checked((int)bytes)).Fill(0xCD); // Nothing may rely on zeros.
        return new DeviceMemory(this, context, Opened("memory", $"allocate {bytes}", address), bytes);
    }

    public PinnedMemory AllocatePinned(CudaContext context, long bytes, string purpose) =>
        new(this, context, Opened("pinned", $"pin {bytes}", (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256)), bytes);

    public CudaStream CreateStream(CudaContext context) => new(this, context, Opened("stream", "stream"));

    public CudaEvent CreateEvent(CudaContext context, bool timing) => new(this, context, Opened("event", $"event {timing}"));

    public CudaModule LoadModule(CudaContext context, ReadOnlySpan<byte> image, string name)
    {
        Fail("LoadModule");
        return new(this, context, Opened("module", $"module {name}"), name);
    }

    public CudaFunction GetFunction(CudaModule module, string name)
    {
        Fail("GetFunction");
        return new(module, name, 1, Registers, 0, StaticSharedBytes, 1024);
    }

    public void AllowSharedMemory(CudaFunction function, int bytes)
    {
        Note($"allow {function.Name} {bytes}");
        lock (_gate) _allowed[function.Module.Name] = bytes;
    }

    public void PreferSharedMemory(CudaFunction function) => Note($"prefer shared {function.Module.Name}");

    /// <summary>The emulation's form of a tensor map: base, columns, rows, pitch, rows of a box.</summary>
    public void DescribeTensor(Span<byte> map, DeviceRange matrix, int columns, int rows, int pitch, int boxColumns, int boxRows)
    {
        Assert.Equal((0UL, 0, 128, 0), (matrix.Address % 16, pitch % 16, boxColumns, boxRows % 8));
        ulong[] description = [matrix.Address, (ulong)columns, (ulong)rows, (ulong)pitch, (ulong)boxRows];
        MemoryMarshal.AsBytes(description.AsSpan()).CopyTo(map);
    }

    public void Upload(DeviceRange target, ReadOnlySpan<byte> source)
    {
        Note($"upload {source.Length}");
        Assert.Equal(target.Bytes, source.Length);
        source.CopyTo(Bytes(target));
    }

    public void Download(Span<byte> target, DeviceRange source)
    {
        Note($"download {target.Length}");
        Assert.Equal(source.Bytes, target.Length);
        Bytes(source).CopyTo(target);
    }

    public void CopyToDevice(CudaStream stream, DeviceRange target, PinnedMemory source, long sourceOffset) => Do(stream, $"to device {target.Bytes}",
        () => source.AsSpan<byte>(sourceOffset, (int)target.Bytes).CopyTo(Bytes(target)));

    public void CopyToHost(CudaStream stream, PinnedMemory target, long targetOffset, DeviceRange source) => Do(stream, $"to host {source.Bytes}",
        () => Bytes(source).CopyTo(target.AsSpan<byte>(targetOffset, (int)source.Bytes)));

    public void Fill(CudaStream stream, DeviceRange target, byte value) => Do(stream, $"fill {target.Bytes}", () => Bytes(target).Fill(value));

    public void Launch(CudaStream stream, CudaLaunch launch)
    {
        if (FailOn?.Invoke("Launch") is var (name, text)) CudaErrors.ThrowLaunch("cuLaunchKernelEx", name, text, launch);
        lock (_gate)
        {
            // Like the real driver: more than 48 KB, static and dynamic together, needs permission.
            if (launch.SharedBytes > _allowed.GetValueOrDefault(launch.Function.Module.Name, (48 << 10) - StaticSharedBytes))
                CudaErrors.ThrowLaunch("cuLaunchKernelEx", "CUDA_ERROR_INVALID_VALUE", "invalid argument", launch);
        }

        Launches.Add(launch);
        Do(stream, $"launch {launch.Function.Name}", () =>
        {
            OnLaunch?.Invoke(launch);
            _clock += Milliseconds(launch);
        });
    }

    public void Record(CudaEvent @event, CudaStream stream) => Do(stream, "record", () => _recorded[@event.Value] = _clock);

    public float ElapsedMilliseconds(CudaEvent start, CudaEvent end) => (float)(_recorded[end.Value] - _recorded[start.Value]);

    public void Synchronize(CudaStream stream, CudaLaunch? only = null)
    {
        if (only is null) Fail("Synchronize");
        else if (FailOn?.Invoke("Synchronize") is var (name, text)) CudaErrors.ThrowLaunch("cuStreamSynchronize", name, text, only);
        Note("synchronize");
    }

    public void BeginCapture(CudaStream stream)
    {
        Note("begin capture");
        lock (_gate) _capturing.Add(stream.Value, []);
    }

    public CudaGraph EndCapture(CudaStream stream, string name)
    {
        Fail("EndCapture");
        lock (_gate)
        {
            _capturing.Remove(stream.Value, out var work);
            var graph = new CudaGraph(this, stream.Context!, Opened("graph", $"end capture {name}"), name);
            _graphs.Add(graph.Value, work!);
            return graph;
        }
    }

    public void AbandonCapture(CudaStream stream)
    {
        Note("abandon capture");
        lock (_gate) _capturing.Remove(stream.Value);
    }

    public void Launch(CudaStream stream, CudaGraph graph)
    {
        Fail("LaunchGraph");
        Note($"launch graph {graph.Name}");
        List<Action> work;
        lock (_gate) work = _graphs[graph.Value];
        foreach (var step in work) step();
    }

    public bool Release(CudaHandle handle)
    {
        lock (_gate)
        {
            if (!_open.Remove(handle.Value, out var kind)) throw new InvalidOperationException($"{handle.GetType().Name} was released twice.");
            if (kind != "context" && !_open.ContainsKey(handle.Context!.Value)) throw new InvalidOperationException($"The context was released before a {kind}.");
            _calls.Add($"release {kind}");
            _graphs.Remove(handle.Value);
            if (handle is DeviceMemory memory) AllocatedBytes -= memory.Bytes;
            _allocations.Remove(handle.Value);
            if (handle is DeviceMemory or PinnedMemory) NativeMemory.AlignedFree((void*)handle.Value);
            return true;
        }
    }

    /// <summary>The host memory that stands for device memory.</summary>
    public static Span<byte> Bytes(DeviceRange range) => new((void*)range.Address, checked((int)range.Bytes));

    /// <summary>What a kernel sees at an address; fails when that is not inside one allocation or not aligned.</summary>
    public Span<T> View<T>(ulong address, long count)
        where T : unmanaged
    {
        var bytes = count * sizeof(T);
        Assert.Equal(0UL, address % (ulong)sizeof(T));
        lock (_gate)
        {
            Assert.True(_allocations.Any(a => address >= (ulong)a.Key && address + (ulong)bytes <= (ulong)a.Key + (ulong)a.Value),
                $"{bytes} bytes at 0x{address:x} are not inside an allocation.");
        }

        return new Span<T>((void*)address, checked((int)count));
    }

    private void Do(CudaStream stream, string call, Action work)
    {
        lock (_gate)
        {
            _calls.Add(call);
            if (_capturing.TryGetValue(stream.Value, out var recording))
            {
                recording.Add(work);
                return;
            }
        }

        work();
    }

    private void Note(string call)
    {
        lock (_gate) _calls.Add(call);
    }

    private void Fail(string method)
    {
        if (FailOn?.Invoke(method) is var (name, text)) CudaErrors.ThrowCall(method, name, text, "");
    }

    private nint Opened(string kind, string call, nint value = 0)
    {
        lock (_gate)
        {
            if (value == 0) value = _next++;
            _open.Add(value, kind);
            _calls.Add(call);
            return value;
        }
    }
}
