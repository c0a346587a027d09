using System.Runtime.CompilerServices;
using QatKit.InferenceEngine.Cpu;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Moves a buffer of the engine into memory that ends (or begins) at a forbidden page, until it is disposed.</summary>
internal sealed unsafe class GuardedBuffer : IDisposable
{
    private readonly AlignedBuffer _buffer;
    private readonly BoundedMemory _memory;
    private readonly byte* _original;

    public GuardedBuffer(AlignedBuffer buffer, MemoryEdge edge)
    {
        _buffer = buffer;
        _original = buffer.Pointer;
        _memory = BoundedMemory.Of(new ReadOnlySpan<byte>(_original, checked((int)buffer.Bytes)), edge);
        Address(buffer) = _memory.Pointer;
    }

    public void Dispose()
    {
        Address(_buffer) = _original;
        _memory.Dispose();
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<Pointer>k__BackingField")]
    private static extern ref byte* Address(AlignedBuffer buffer);
}
