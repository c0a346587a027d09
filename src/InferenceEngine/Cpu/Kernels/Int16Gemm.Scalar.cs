using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Linear layers over int16 codes with exact int64 accumulation: task heads and layers excluded from INT8.</summary>
internal static unsafe partial class Int16Gemm
{
    /// <summary>Copies the weights row by row; every tier uses this layout.</summary>
    public static PackedLinear Pack(QuantizedLinear layer)
    {
        var packed = new PackedLinear(layer, WeightLayout.Int16Rows, layer.Int16Weight!.LongLength * sizeof(short));
        layer.Int16Weight.CopyTo(new Span<short>(packed.Weights.Pointer, layer.Int16Weight.Length));
        return packed;
    }

    public static void Scalar(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        float* multipliers = (float*)weights.Multipliers.Pointer, bias = (float*)weights.Bias.Pointer;
        int k = weights.In, end = Math.Min(weights.Out, range.BlockEnd * PackedLinear.BlockColumns);
        var rows = (short*)x.Rows(range.RowBegin, range.RowEnd, k, scratch);
        for (var row = range.RowBegin; row < range.RowEnd; row++)
        {
            var codes = new ReadOnlySpan<short>(rows + (nint)(row - range.RowBegin) * k, k);
            for (var n = range.BlockBegin * PackedLinear.BlockColumns; n < end; n++)
            {
                var acc = IntegerGemm.Dot(codes, new ReadOnlySpan<short>((short*)weights.Weights.Pointer + (nint)n * k, k));
                Epilogue.Scalar(output, row, n, IntegerGemm.Epilogue(acc, multipliers[n], bias[n]));
            }
        }
    }
}
