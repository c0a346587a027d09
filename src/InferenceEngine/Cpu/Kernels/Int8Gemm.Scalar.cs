using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Linear layers over int8 codes with exact int32 accumulation, dense and 2:4.</summary>
internal static unsafe partial class Int8Gemm
{
    /// <summary>Copies the weights row by row.</summary>
    public static PackedLinear PackRows(QuantizedLinear layer)
    {
        var packed = new PackedLinear(layer, WeightLayout.Int8Rows, layer.Int8Weight!.LongLength);
        layer.Int8Weight.CopyTo(new Span<sbyte>(packed.Weights.Pointer, layer.Int8Weight.Length));
        return packed;
    }

    /// <summary>Keeps the two codes of each group of four and their positions.</summary>
    public static PackedLinear PackSparse24Rows(QuantizedLinear layer)
    {
        var half = (long)layer.Out * layer.In / 2;
        var packed = new PackedLinear(layer, WeightLayout.Sparse24Rows, 2 * half);
        byte* codes = packed.Weights.Pointer, positions = codes + half;
        for (var n = 0; n < layer.Out; n++)
        {
            for (var k = 0; k < layer.In; k++)
            {
                if (!layer.Mask!.IsKept(n, k)) continue;
                *codes++ = (byte)layer.Int8Weight![(long)n * layer.In + k];
                *positions++ = (byte)(k & 3);
            }
        }

        return packed;
    }

    public static void Scalar(PackedLinear weights, sbyte* x, in LinearOutput output, WorkRange range)
    {
        float* multipliers = (float*)weights.Multipliers.Pointer, bias = (float*)weights.Bias.Pointer;
        int k = weights.In, end = Math.Min(weights.Out, range.BlockEnd * PackedLinear.BlockColumns);
        for (var row = range.RowBegin; row < range.RowEnd; row++)
        {
            var codes = new ReadOnlySpan<sbyte>(x + (nint)row * k, k);
            for (var n = range.BlockBegin * PackedLinear.BlockColumns; n < end; n++)
            {
                var acc = weights.IsSparse
                    ? SparseDot(weights, n, codes)
                    : IntegerGemm.Dot(codes, new ReadOnlySpan<sbyte>(weights.Weights.Pointer + (nint)n * k, k));
                Epilogue.Scalar(output, row, n, IntegerGemm.Epilogue(acc, multipliers[n], bias[n]));
            }
        }
    }

    private static int SparseDot(PackedLinear weights, int n, ReadOnlySpan<sbyte> x)
    {
        var half = weights.In / 2;
        var codes = (sbyte*)weights.Weights.Pointer + (nint)n * half;
        var positions = weights.Weights.Pointer + (nint)weights.Out * half + (nint)n * half;
        var acc = 0;
        for (var i = 0; i < half; i++) acc += codes[i] * x[i / 2 * 4 + positions[i]]; // kept pair i/2 of four
        return acc;
    }
}
