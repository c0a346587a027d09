using TorchSharp;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>Sums of tensors.</summary>
/// <remarks>libtorch multiplies the second operand by a number, 1. TorchSharp's operator makes one for each call (for differences it makes none), and the garbage collector may take it
/// away while libtorch reads it: "Expected false to be true". This one lives for ever.</remarks>
internal static class TensorSums
{
    private static readonly Scalar One = 1;

    /// <summary><c>a + b</c></summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary><c>a += b</c></summary>
    public static Tensor Increase(this Tensor a, Tensor b) => a.add_(b, One);
}
