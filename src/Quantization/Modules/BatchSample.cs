using System.Numerics;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>Evenly spaced values of an activation: enough to tell its distribution, few enough to look at in every step.</summary>
internal static class BatchSample
{
    /// <summary>Most values of a sample; a smaller tensor is taken whole.</summary>
    internal const int Size = 1 << 15;

    /// <summary>Every n-th value of [T, N] in row-major order, contiguous on the CPU.</summary>
    internal static Tensor Of(Tensor values)
    {
        using var scope = NewDisposeScope();
        var flat = values.detach().reshape(-1);
        return flat.slice(0, 0, flat.numel(), Stride(flat.numel(), values.shape[^1])).contiguous().cpu().MoveToOuterDisposeScope();
    }

    /// <summary>The smallest stride with at most <see cref="Size"/> values that shares no factor with the row length, so that
    /// every column has its turn: outliers live in columns.</summary>
    internal static long Stride(long count, long columns)
    {
        var stride = Math.Max(1, (count + Size - 1) / Size);
        while (BigInteger.GreatestCommonDivisor(stride, columns) > 1) stride++;
        return stride;
    }
}
