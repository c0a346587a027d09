using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>GELU and tanh.</summary>
internal sealed unsafe partial class SimdKernels
{
    public Tensor Gelu(Tensor x)
    {
        using var input = x.contiguous();
        var output = empty_like(input);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output);
        RowParallel.For(input.numel(), input.numel(), (start, end) =>
        {
            var i = start;
            for (; i <= end - Lanes; i += Lanes) VectorMath.Gelu(Vector256.Load(from + i)).Store(to + i);
            for (; i < end; i++) to[i] = ElementwiseFunctions.Gelu(from[i]);
        });
        return output;
    }

    public Tensor GeluBackward(Tensor gradient, Tensor x)
    {
        using var g = gradient.contiguous();
        using var input = x.contiguous();
        var output = empty_like(g);
        float* from = TensorMemory.Pointer(g), values = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output);
        RowParallel.For(g.numel(), g.numel(), (start, end) =>
        {
            var i = start;
            for (; i <= end - Lanes; i += Lanes)
                (Vector256.Load(from + i) * VectorMath.GeluDerivative(Vector256.Load(values + i))).Store(to + i);
            for (; i < end; i++) to[i] = from[i] * VectorMath.GeluDerivative(Vector256.Create(values[i]))[0];
        });
        return output;
    }

    public Tensor Tanh(Tensor x)
    {
        using var input = x.contiguous();
        var output = empty_like(input);
        Span<float> from = TensorMemory.Span(input), to = TensorMemory.Span(output);
        for (var i = 0; i < from.Length; i++) to[i] = ElementwiseFunctions.Tanh(from[i]);
        return output;
    }
}
