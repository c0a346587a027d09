namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>The part of the CUDA driver that the engine uses. Everything above it is proven with a recording stand-in.</summary>
/// <remarks>Every method throws <see cref="Core.Diagnostics.QatKitException"/> (QK6001 to QK6006) with the name of the
/// CUDA function, its error name and text. Methods that take no context act on the calling thread's current one
/// (<see cref="MakeCurrent"/>). Work given a stream is asynchronous: an error may surface at a later call.</remarks>
internal interface ICudaDriver
{
    /// <summary>CUDA version that the driver supports, 1000 · major + 10 · minor.</summary>
    int Version { get; }

    /// <summary>The devices, by ordinal.</summary>
    IReadOnlyList<CudaDevice> Devices();

    /// <summary>Retains the device's primary context, which other users of the process (libtorch) share.</summary>
    CudaContext CreateContext(CudaDevice device);

    /// <summary>Makes the context the calling thread's.</summary>
    void MakeCurrent(CudaContext context);

    /// <summary>Allocates device memory, 256-byte aligned.</summary>
    /// <param name="context">Owner.</param>
    /// <param name="bytes">Size, at least 1.</param>
    /// <param name="purpose">What for, shown when the memory is exhausted.</param>
    DeviceMemory Allocate(CudaContext context, long bytes, string purpose);

    /// <summary>Allocates page-locked host memory, which copies asynchronously.</summary>
    PinnedMemory AllocatePinned(CudaContext context, long bytes, string purpose);

    /// <summary>Creates a stream that does not wait for the default stream.</summary>
    CudaStream CreateStream(CudaContext context);

    /// <summary>Creates an event.</summary>
    CudaEvent CreateEvent(CudaContext context, bool timing);

    /// <summary>Loads a cubin, or PTX that the driver compiles.</summary>
    /// <param name="context">Owner.</param>
    /// <param name="image">Cubin, or PTX text ending in a zero byte.</param>
    /// <param name="name">The kernel with its constants, for messages.</param>
    CudaModule LoadModule(CudaContext context, ReadOnlySpan<byte> image, string name);

    /// <summary>Finds a kernel of a module.</summary>
    CudaFunction GetFunction(CudaModule module, string name);

    /// <summary>Permits a kernel to be launched with this much dynamic shared memory (needed above 48 KB).</summary>
    void AllowSharedMemory(CudaFunction function, int bytes);

    /// <summary>Asks for the most shared memory that a multiprocessor can have, in place of first-level cache.</summary>
    void PreferSharedMemory(CudaFunction function);

    /// <summary>Describes a row-major byte matrix to the tensor copy engine (compute capability 9.0): boxes of
    /// <paramref name="boxColumns"/> x <paramref name="boxRows"/> bytes, 128-byte swizzle, zeros outside.</summary>
    /// <param name="map">Receives the 128 bytes of the description.</param>
    /// <param name="matrix">The matrix; its address and <paramref name="pitch"/> are multiples of 16.</param>
    /// <param name="columns">Bytes of a row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="pitch">Bytes from one row to the next.</param>
    /// <param name="boxColumns">Bytes of a row of a box, at most 128.</param>
    /// <param name="boxRows">Rows of a box, at most 256.</param>
    void DescribeTensor(Span<byte> map, DeviceRange matrix, int columns, int rows, int pitch, int boxColumns, int boxRows);

    /// <summary>Copies to the device and waits; for loading.</summary>
    void Upload(DeviceRange target, ReadOnlySpan<byte> source);

    /// <summary>Copies from the device and waits; for traces.</summary>
    void Download(Span<byte> target, DeviceRange source);

    /// <summary>Copies page-locked memory to the device, in stream order.</summary>
    void CopyToDevice(CudaStream stream, DeviceRange target, PinnedMemory source, long sourceOffset);

    /// <summary>Copies device memory to page-locked memory, in stream order.</summary>
    void CopyToHost(CudaStream stream, PinnedMemory target, long targetOffset, DeviceRange source);

    /// <summary>Fills bytes, in stream order.</summary>
    void Fill(CudaStream stream, DeviceRange target, byte value);

    /// <summary>Launches a kernel, in stream order.</summary>
    void Launch(CudaStream stream, CudaLaunch launch);

    /// <summary>Records an event after the stream's work so far.</summary>
    void Record(CudaEvent @event, CudaStream stream);

    /// <summary>Milliseconds between two recorded and finished timing events.</summary>
    float ElapsedMilliseconds(CudaEvent start, CudaEvent end);

    /// <summary>Waits until the stream's work is done; errors of its kernels surface here.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="only">The launch that the stream has had since it was last waited for, when it was only one: an error then names it.</param>
    void Synchronize(CudaStream stream, CudaLaunch? only = null);

    /// <summary>Begins to record the stream's work instead of doing it.</summary>
    void BeginCapture(CudaStream stream);

    /// <summary>Ends the recording and makes an executable graph of it.</summary>
    /// <param name="stream">The stream that captures.</param>
    /// <param name="name">What the graph computes, for messages.</param>
    CudaGraph EndCapture(CudaStream stream, string name);

    /// <summary>Ends a recording that failed and discards it; never throws.</summary>
    void AbandonCapture(CudaStream stream);

    /// <summary>Launches a graph, in stream order.</summary>
    void Launch(CudaStream stream, CudaGraph graph);

    /// <summary>Frees what a handle stands for; called by the handle itself, once, on any thread. Never throws.</summary>
    /// <returns>False when the driver refused.</returns>
    bool Release(CudaHandle handle);
}
