using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace QatKit.Quantization.Kernels;

/// <summary>Access to the memory of contiguous float32 CPU tensors.</summary>
internal static class TensorMemory
{
    /// <summary>Address of the first element; valid while the tensor lives.</summary>
    internal static unsafe float* Pointer(torch.Tensor tensor)
    {
        if (tensor.dtype != torch.ScalarType.Float32 || !tensor.is_contiguous())
            throw new ArgumentException($"The kernel needs a contiguous float32 tensor, not {tensor.dtype} [{string.Join(", ", tensor.shape)}].", nameof(tensor));
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    }

    /// <summary>The elements.</summary>
    internal static Span<float> Span(torch.Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
