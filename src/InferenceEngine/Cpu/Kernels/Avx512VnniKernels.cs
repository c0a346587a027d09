using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-512 VNNI: int8 products and what surrounds them on 512-bit registers, the rest as on AVX2.</summary>
/// <typeparam name="TCode"><see cref="NativeTileCode"/>; tests put an emulation of the processor here.</typeparam>
internal sealed unsafe class Avx512VnniKernels<TCode> : Avx2Kernels where TCode : struct, ITileCode
{
    public override string Tier => nameof(CpuTier.Avx512Vnni);

    public override int BlocksPerTile => TileKernel.MaxBlocks;

    public override byte CodeOffset => ByteRows.Offset;

    public override PackedLinear Pack(QuantizedLinear layer, bool sparse) =>
        layer.Width == CodeWidth.Int16 ? Int16Gemm.Pack(layer)
        : sparse ? Int8Gemm.PackBlocks<Sparse24ByteTile<Sparse24ProductAvx512Vnni<TCode>>>(layer, WeightLayout.Sparse24Blocks)
        : Int8Gemm.PackBlocks<DenseByteTile<DenseProductAvx512Vnni<TCode>>>(layer, WeightLayout.DenseBlocks);

    public override void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        if (weights.Width == CodeWidth.Int16) Int16Gemm.Avx2(weights, x, output, range, scratch);
        else if (weights.IsSparse) Int8Gemm.Tiled<Sparse24ByteTile<Sparse24ProductAvx512Vnni<TCode>>, Vectors512>(weights, x, output, range, scratch);
        else Int8Gemm.Tiled<DenseByteTile<DenseProductAvx512Vnni<TCode>>, Vectors512>(weights, x, output, range, scratch);
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch) =>
        Kernels.Attention.Tiled<DenseByteTile<DenseProductAvx512Vnni<TCode>>, Vectors512>(arguments, work, scratch);

    public override void NormalizePanel(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes) =>
        LayerNorm.Avx512(norm, statistics, values, stride, rows, begin, end, codes);

    public override void Quantize(float* values, int count, Codes destination) => Kernels.Quantize.Avx512(values, count, destination);
}
