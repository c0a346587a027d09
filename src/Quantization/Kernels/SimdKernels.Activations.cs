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
            for (; i <= end - 4 * Lanes; i += 4 * Lanes)
            {
                Vector256<float> x0 = Vector256.Load(from + i), x1 = Vector256.Load(from + i + 8), x2 = Vector256.Load(from + i + 16), x3 = Vector256.Load(from + i + 24);
                Vector256<float> e0 = x0, e1 = x1, e2 = x2, e3 = x3;
                VectorMath.ErfOfGelu(ref e0, ref e1, ref e2, ref e3);
                VectorMath.GeluOf(x0, e0).Store(to + i);
                VectorMath.GeluOf(x1, e1).Store(to + i + 8);
                VectorMath.GeluOf(x2, e2).Store(to + i + 16);
                VectorMath.GeluOf(x3, e3).Store(to + i + 24);
            }

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
            for (; i <= end - 4 * Lanes; i += 4 * Lanes)
            {
                Vector256<float> x0 = Vector256.Load(values + i), x1 = Vector256.Load(values + i + 8), x2 = Vector256.Load(values + i + 16), x3 = Vector256.Load(values + i + 24);
                Vector256<float> e0 = x0, e1 = x1, e2 = x2, e3 = x3;
                VectorMath.ErfOfGelu(ref e0, ref e1, ref e2, ref e3);
                (Vector256.Load(from + i) * VectorMath.DerivativeOf(x0, e0)).Store(to + i);
                (Vector256.Load(from + i + 8) * VectorMath.DerivativeOf(x1, e1)).Store(to + i + 8);
                (Vector256.Load(from + i + 16) * VectorMath.DerivativeOf(x2, e2)).Store(to + i + 16);
                (Vector256.Load(from + i + 24) * VectorMath.DerivativeOf(x3, e3)).Store(to + i + 24);
            }

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
