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
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Span(tensor)));
    }

    /// <summary>The elements.</summary>
    /// <exception cref="ArgumentException">Another type, gaps between the elements, or the memory of another device.</exception>
    internal static Span<float> Span(torch.Tensor tensor)
    {
        if (tensor.dtype != torch.ScalarType.Float32 || !tensor.is_contiguous() || tensor.device_type != DeviceType.CPU)
        {
            var layout = tensor.is_contiguous() ? "contiguous" : "strided";
            throw new ArgumentException(
                $"The kernel needs a contiguous Float32 tensor on the CPU, not a {layout} {tensor.dtype} tensor [{string.Join(", ", tensor.shape)}] on {tensor.device}. Move both the model and its input to one device.", nameof(tensor));
        }

        return MemoryMarshal.Cast<byte, float>(tensor.bytes);
    }
}
