using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>Owner of one driver object. A handle keeps its context alive, so that finalizers may run in any order.</summary>
internal abstract class CudaHandle : SafeHandle
{
    private readonly ICudaDriver _driver;
    private readonly bool _holdsContext;

    protected CudaHandle(ICudaDriver driver, CudaContext? context, nint value)
        : base(0, ownsHandle: true)
    {
        _driver = driver;
        Context = context;
        context?.DangerousAddRef(ref _holdsContext);
        SetHandle(value);
    }

    /// <summary>The context that the object belongs to; null for a context itself.</summary>
    public CudaContext? Context { get; }

    /// <summary>The driver's value.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        var released = _driver.Release(this);
        if (_holdsContext) Context!.DangerousRelease();
        return released;
    }
}

/// <summary>A retained primary context.</summary>
internal sealed class CudaContext(ICudaDriver driver, CudaDevice device, nint value) : CudaHandle(driver, null, value)
{
    /// <summary>The context's device.</summary>
    public CudaDevice Device { get; } = device;
}

/// <summary>A stream: an ordered queue of work.</summary>
internal sealed class CudaStream(ICudaDriver driver, CudaContext context, nint value) : CudaHandle(driver, context, value);

/// <summary>An event.</summary>
internal sealed class CudaEvent(ICudaDriver driver, CudaContext context, nint value) : CudaHandle(driver, context, value);

/// <summary>An executable graph of captured work.</summary>
internal sealed class CudaGraph(ICudaDriver driver, CudaContext context, nint value, string name) : CudaHandle(driver, context, value)
{
    /// <summary>What the graph computes.</summary>
    public string Name { get; } = name;
}

/// <summary>A loaded cubin or PTX.</summary>
internal sealed class CudaModule(ICudaDriver driver, CudaContext context, nint value, string name) : CudaHandle(driver, context, value)
{
    /// <summary>The kernel with its constants.</summary>
    public string Name { get; } = name;
}

/// <summary>A kernel of a module, which it keeps alive.</summary>
/// <param name="Module">The module.</param>
/// <param name="Name">Entry name.</param>
/// <param name="Value">The driver's value.</param>
/// <param name="Registers">Registers per thread.</param>
/// <param name="LocalBytes">Local memory per thread: spills and indexed arrays.</param>
/// <param name="StaticSharedBytes">Static shared memory per block.</param>
/// <param name="MaxThreads">Largest block.</param>
internal sealed record CudaFunction(
    CudaModule Module, string Name, nint Value, int Registers, int LocalBytes, int StaticSharedBytes, int MaxThreads);
