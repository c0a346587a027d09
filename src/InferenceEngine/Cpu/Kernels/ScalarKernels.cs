using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Plain C#, on every processor.</summary>
internal sealed unsafe class ScalarKernels : CpuKernels
{
    public override string Tier => nameof(CpuTier.Scalar);

    public override PackedLinear Pack(QuantizedLinear layer, bool sparse) =>
        layer.Width == CodeWidth.Int16 ? Int16Gemm.Pack(layer)
        : sparse ? Int8Gemm.PackSparse24Rows(layer)
        : Int8Gemm.PackRows(layer);

    public override void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        if (weights.Width == CodeWidth.Int16) Int16Gemm.Scalar(weights, x, output, range, scratch);
        else Int8Gemm.Scalar(weights, x, output, range, scratch);
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch) =>
        Kernels.Attention.Scalar(arguments, work, scratch);

    public override void NormalizePanel(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes)
    {
        for (var r = 0; r < rows; r++)
        {
            nint index = (nint)r * stride;
            LayerNorm.Scalar(norm, statistics[r], values + index, begin, end);
            if (codes is { } destination) Quantize((float*)values + index, end - begin, destination.From(index));
        }
    }

    public override RowSums Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination) =>
        Kernels.Embedding.Scalar(word, position, type, hidden, gridScale, destination);

    public override void Quantize(float* values, int count, Codes destination) => Kernels.Quantize.Scalar(values, count, destination);
}
