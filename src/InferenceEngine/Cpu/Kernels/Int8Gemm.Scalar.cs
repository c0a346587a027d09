using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Sparsity;

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

    /// <summary>Keeps the two codes of each group of four, and their 2-bit positions.</summary>
    public static PackedLinear PackSparse24Rows(QuantizedLinear layer)
    {
        var matrix = Sparse24Matrix.Pack(layer.Int8Weight, layer.Out, layer.In, layer.Name);
        var packed = new PackedLinear(layer, WeightLayout.Sparse24Rows, matrix.Values.LongLength + matrix.Positions.LongLength);
        matrix.Values.CopyTo(new Span<sbyte>(packed.Weights.Pointer, matrix.Values.Length));
        matrix.Positions.CopyTo(new Span<byte>(packed.Weights.Pointer + matrix.Values.LongLength, matrix.Positions.Length));
        return packed;
    }

    public static void Scalar(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        float* multipliers = (float*)weights.Multipliers.Pointer, bias = (float*)weights.Bias.Pointer;
        int k = weights.In, end = Math.Min(weights.Out, range.BlockEnd * PackedLinear.BlockColumns);
        var rows = (sbyte*)x.Rows(range.RowBegin, range.RowEnd, k, scratch);
        for (var row = range.RowBegin; row < range.RowEnd; row++)
        {
            var codes = new ReadOnlySpan<sbyte>(rows + (nint)(row - range.RowBegin) * k, k);
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
        var positions = weights.Weights.Pointer + (nint)weights.Out * half + (nint)n * (half / 4);
        var acc = 0;
        // Kept code i belongs to group i / 2 of four; a byte holds the positions of four kept codes.
        for (var i = 0; i < half; i++) acc += codes[i] * x[i / 2 * 4 + (positions[i / 4] >> (i % 4 * 2) & 3)];
        return acc;
    }
}
