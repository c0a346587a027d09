using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>One tier's implementation of every operation. Stateless; all tiers give the same bits.</summary>
internal abstract unsafe class CpuKernels
{
    /// <summary>The kernels of a tier that the processor has.</summary>
    public static CpuKernels Of(CpuTier tier) => tier switch
    {
        CpuTier.Scalar => new ScalarKernels(),
        CpuTier.Avx2 => new Avx2Kernels(),
        CpuTier.AvxVnni => new AvxVnniKernels<DotU8S8>(),
        CpuTier.Avx512Vnni => new Avx512VnniKernels<NativeTileCode>(),
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "Not a tier."),
    };

    /// <summary>Name of the tier, for people and for metrics.</summary>
    public abstract string Tier { get; }

    /// <summary>Blocks of columns that a tile takes at once: pieces of work are multiples of it where they can be.</summary>
    public virtual int BlocksPerTile => 1;

    /// <summary>What is added to int8 codes that a product of this tier reads; see <see cref="Codes.Offset"/>.</summary>
    public virtual byte CodeOffset => 0;

    /// <summary>Codes that a product of this tier reads.</summary>
    /// <param name="codes">Where they are; rows of int8 codes must be readable up to the next multiple of eight.</param>
    /// <param name="width">Their width.</param>
    /// <param name="quantizer">Their scale.</param>
    /// <param name="layout">Where they lie.</param>
    public Codes CodesOf(void* codes, CodeWidth width, QuantizationParameters quantizer, PanelLayout layout) =>
        new((nint)codes, width, quantizer, layout, width == CodeWidth.Int8 ? CodeOffset : (byte)0);

    /// <summary>Copies a layer's weights into this tier's layout.</summary>
    /// <param name="layer">A valid layer.</param>
    /// <param name="sparse">Use the 2:4 layout; the layer has a mask and int8 weights.</param>
    public abstract PackedLinear Pack(QuantizedLinear layer, bool sparse);

    /// <summary><c>output = epilogue(x[rows, K] · Wᵀ)</c> for the rows and columns of <paramref name="range"/>.</summary>
    /// <param name="weights">Packed by this kernel set.</param>
    /// <param name="x">Codes of the layer's width, [T, K]; see <see cref="CodesOf"/>.</param>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="range">What to compute.</param>
    /// <param name="scratch">Working memory of the calling worker.</param>
    public abstract void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch);

    /// <summary>Computes the pieces of a layer that this worker takes from a queue, until none is left for it.</summary>
    /// <param name="step">The layer.</param>
    /// <param name="queue">Its blocks.</param>
    /// <param name="worker">Who takes.</param>
    /// <param name="help">From the shares of others too, when the worker's own is done.</param>
    /// <param name="scratch">Working memory of the calling worker.</param>
    /// <param name="packed">The rows that the scratch holds packed; null at first. Layers that read the same rows share them.</param>
    public void Linear(in LinearStep step, BlockQueue queue, int worker, bool help, WorkerScratch scratch, ref PackedRows? packed)
    {
        var output = step.Output with { Sums = scratch.Sums };
        while (queue.TryTake(step.Split, worker, help, out var range, out var next))
        {
            var rows = new PackedRows(step.Input.Pointer, step.Layer.Layout, range.RowBegin);
            Linear(step.Layer, step.Input, output, range with { Claims = step.Claims, RowsPacked = rows == packed, Next = next < 0 ? step.Following : new NextWeights(step.Layer, next) }, scratch);
            packed = rows;
        }
    }

    /// <summary>Attention of one piece of work.</summary>
    public abstract void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch);

    /// <summary>LayerNorm of a part of a residual stream, in place, and its codes.</summary>
    /// <param name="norm">Constants.</param>
    /// <param name="statistics">Of whole rows, [T].</param>
    /// <param name="values">r_fix, [T, H]; receives h, in float32.</param>
    /// <param name="layout">Where the values lie, and the codes.</param>
    /// <param name="range">The part.</param>
    /// <param name="codes">Receives codes of h, when given.</param>
    public void Normalize(PackedLayerNorm norm, RowStatistics* statistics, int* values, PanelLayout layout, WorkRange range, Codes? codes)
    {
        foreach (var (begin, end) in new PanelParts(layout, range, norm.Hidden))
        {
            var index = layout.IndexOf(range.RowBegin, begin);
            NormalizePanel(norm, statistics + range.RowBegin, values + index, layout.Width, range.RowEnd - range.RowBegin, begin, end, codes?.From(index));
        }
    }

    /// <summary>Normalises some rows of one panel, in place.</summary>
    /// <param name="norm">Constants.</param>
    /// <param name="statistics">[rows].</param>
    /// <param name="values">r_fix, from the first value on; receives h, in float32.</param>
    /// <param name="stride">Values from one row to the next, and codes.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="begin">Which column of H the first value belongs to.</param>
    /// <param name="end">One beyond the last column.</param>
    /// <param name="codes">Receives codes of h, when given.</param>
    public abstract void NormalizePanel(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes);

    /// <summary>r_fix of <c>(word + position) + type</c>, [H], and its sums.</summary>
    public abstract RowSums Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination);

    /// <summary>Codes of <paramref name="count"/> values, from the first code on.</summary>
    public abstract void Quantize(float* values, int count, Codes destination);
}
