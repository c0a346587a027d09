using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX2 and FMA.</summary>
internal unsafe class Avx2Kernels : CpuKernels
{
    public override string Tier => nameof(CpuTier.Avx2);

    public override PackedLinear Pack(QuantizedLinear layer, bool sparse) =>
        layer.Width == CodeWidth.Int16 ? Int16Gemm.Pack(layer)
        : sparse ? Int8Gemm.PackBlocks<Sparse24TileAvx2>(layer, WeightLayout.Sparse24Blocks)
        : Int8Gemm.PackBlocks<DenseTileAvx2>(layer, WeightLayout.DenseBlocks);

    public override void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        if (weights.Width == CodeWidth.Int16) Int16Gemm.Avx2(weights, x, output, range, scratch);
        else if (weights.IsSparse) Int8Gemm.Tiled<Sparse24TileAvx2, Vectors256>(weights, x, output, range, scratch);
        else Int8Gemm.Tiled<DenseTileAvx2, Vectors256>(weights, x, output, range, scratch);
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch) =>
        Kernels.Attention.Tiled<DenseTileAvx2, Vectors256>(arguments, work, scratch);

    public override void NormalizePanel(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes)
    {
        for (var r = 0; r < rows; r++)
        {
            nint index = (nint)r * stride;
            LayerNorm.Avx2(norm, statistics[r], values + index, begin, end);
            if (codes is { } destination) Quantize((float*)values + index, end - begin, destination.From(index));
        }
    }

    public override RowSums Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination) =>
        Kernels.Embedding.Avx2(word, position, type, hidden, gridScale, destination);

    public override void Quantize(float* values, int count, Codes destination) => Kernels.Quantize.Avx2(values, count, destination);
}
