using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>The parameter of a kernel: every kernel has exactly one, a structure. Where it lies in the kernel's parameter memory is
/// the driver's business, which reads it from the kernel.</summary>
internal sealed class KernelArguments
{
    private readonly byte[] _bytes;

    private KernelArguments(byte[] bytes) => _bytes = bytes;

    /// <summary>The structure's bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Keeps a structure with the layout of its C declaration.</summary>
    public static KernelArguments Of<T>(in T value)
        where T : unmanaged => new(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in value, 1)).ToArray());
}
