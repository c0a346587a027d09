using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>One tier's implementation of every operation. Stateless; all tiers give the same bits.</summary>
internal abstract unsafe class CpuKernels
{
    /// <summary>Name of the tier, for people and for metrics.</summary>
    public abstract string Tier { get; }

    /// <summary>Blocks of columns that a tile takes at once: pieces of work are multiples of it where they can be.</summary>
    public virtual int BlocksPerTile => 1;

    /// <summary>Copies a layer's weights into this tier's layout.</summary>
    /// <param name="layer">A valid layer.</param>
    /// <param name="sparse">Use the 2:4 layout; the layer has a mask and int8 weights.</param>
    public abstract PackedLinear Pack(QuantizedLinear layer, bool sparse);

    /// <summary><c>output = epilogue(x[rows, K] · Wᵀ)</c> for the rows and columns of <paramref name="range"/>.</summary>
    /// <param name="weights">Packed by this kernel set.</param>
    /// <param name="x">Codes of the layer's width, row-major with stride K.</param>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="range">What to compute.</param>
    /// <param name="scratch">Working memory of the calling worker.</param>
    public abstract void Linear(PackedLinear weights, void* x, in LinearOutput output, WorkRange range, WorkerScratch scratch);

    /// <summary>Computes the pieces of a layer that this worker takes from a queue, until none is left.</summary>
    /// <param name="weights">Packed by this kernel set.</param>
    /// <param name="x">Codes of the layer's width, row-major with stride K.</param>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="queue">The layer's blocks.</param>
    /// <param name="scratch">Working memory of the calling worker.</param>
    /// <param name="packed">The rows that the scratch holds packed; null at first. Layers that read the same rows share them.</param>
    public void Linear(PackedLinear weights, void* x, in LinearOutput output, BlockQueue queue, WorkerScratch scratch, ref PackedRows? packed)
    {
        while (queue.TryTake(out var range))
        {
            var rows = new PackedRows((nint)x, weights.Layout, range.RowBegin);
            Linear(weights, x, output, range with { RowsPacked = rows == packed }, scratch);
            packed = rows;
        }
    }

    /// <summary>Attention of one piece of work.</summary>
    public abstract void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch);

    /// <summary>Normalises one row of H floats.</summary>
    /// <param name="norm">Constants.</param>
    /// <param name="residual">r, [H].</param>
    /// <param name="output">Receives h, [H]; may be the residual.</param>
    /// <param name="scratch">Working memory of the calling worker.</param>
    public abstract void LayerNorm(PackedLayerNorm norm, float* residual, float* output, WorkerScratch scratch);

    /// <summary><c>destination = (word + position) + type</c>, [H].</summary>
    public abstract void Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float* destination);

    /// <summary>int8 codes of <paramref name="count"/> values.</summary>
    public abstract void QuantizeInt8(float* source, int count, float inverseScale, sbyte* destination);

    /// <summary>int16 codes of <paramref name="count"/> values.</summary>
    public abstract void QuantizeInt16(float* source, int count, float inverseScale, short* destination);
}
