using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-VNNI: its own int8 products, everything else as on AVX2.</summary>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal sealed unsafe class AvxVnniKernels<TDot> : Avx2Kernels where TDot : struct, ITileOperation
{
    public override string Tier => nameof(CpuTier.AvxVnni);

    public override PackedLinear Pack(QuantizedLinear layer, bool sparse) =>
        layer.Width == CodeWidth.Int16 ? Int16Gemm.Pack(layer)
        : sparse ? Int8Gemm.PackBlocks<Sparse24ByteTile<Sparse24ProductAvxVnni<TDot>>>(layer, WeightLayout.Sparse24Blocks)
        : Int8Gemm.PackBlocks<DenseByteTile<DenseProductAvxVnni<TDot>>>(layer, WeightLayout.DenseBlocks);

    public override void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        if (weights.Width == CodeWidth.Int16) Int16Gemm.Avx2(weights, x, output, range, scratch);
        else if (weights.IsSparse) Int8Gemm.Tiled<Sparse24ByteTile<Sparse24ProductAvxVnni<TDot>>, Vectors256>(weights, x, output, range, scratch);
        else Int8Gemm.Tiled<DenseByteTile<DenseProductAvxVnni<TDot>>, Vectors256>(weights, x, output, range, scratch);
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch) =>
        Kernels.Attention.Tiled<DenseByteTile<DenseProductAvxVnni<TDot>>, Vectors256>(arguments, work, scratch);
}
