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

    public override void Linear(PackedLinear weights, void* x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        if (weights.Width == CodeWidth.Int16) Int16Gemm.Scalar(weights, (short*)x, output, range);
        else Int8Gemm.Scalar(weights, (sbyte*)x, output, range);
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch) =>
        Kernels.Attention.Scalar(arguments, work, scratch);

    public override void LayerNorm(PackedLayerNorm norm, float* residual, float* output, WorkerScratch scratch) =>
        Kernels.LayerNorm.Scalar(norm, residual, output, scratch);

    public override void Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float* destination) =>
        Kernels.Embedding.Scalar(word, position, type, hidden, destination);

    public override void QuantizeInt8(float* source, int count, float inverseScale, sbyte* destination) =>
        Quantize.Scalar(source, count, inverseScale, destination);

    public override void QuantizeInt16(float* source, int count, float inverseScale, short* destination) =>
        Quantize.Scalar(source, count, inverseScale, destination);
}
