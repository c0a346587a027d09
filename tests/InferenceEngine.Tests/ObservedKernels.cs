using System.Collections.Concurrent;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests;

/// <summary>A kernel set that notes which threads compute how much, and calls <paramref name="each"/> before every operation.</summary>
internal sealed unsafe class ObservedKernels(CpuKernels inner, Action? each = null) : CpuKernels
{
    private int _running, _mostAtOnce, _embedded, _normalized, _queries;

    /// <summary>Every thread that computed anything.</summary>
    public ConcurrentDictionary<Thread, bool> Threads { get; } = [];

    /// <summary>Most operations that ran at the same time.</summary>
    public int MostAtOnce => _mostAtOnce;

    /// <summary>Rows embedded.</summary>
    public int Embedded => _embedded;

    /// <summary>Values normalised.</summary>
    public int Normalized => _normalized;

    /// <summary>Attention rows, one per query and head.</summary>
    public int Queries => _queries;

    /// <summary>Rows × blocks of 16 columns computed, by layer.</summary>
    public ConcurrentDictionary<string, int> Tiles { get; } = [];

    public override string Tier => inner.Tier;

    public override int BlocksPerTile => inner.BlocksPerTile;

    public override byte CodeOffset => inner.CodeOffset;

    public override PackedLinear Pack(QuantizedLinear layer, bool sparse) => inner.Pack(layer, sparse);

    public override void Linear(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        Enter();
        Tiles.AddOrUpdate(weights.Name, Area(range), (_, area) => area + Area(range));
        inner.Linear(weights, x, output, range, scratch);
        Leave();
    }

    public override void Attention(in AttentionArguments arguments, AttentionWork work, WorkerScratch scratch)
    {
        Enter();
        Interlocked.Add(ref _queries, work.QueryEnd - work.QueryBegin);
        inner.Attention(arguments, work, scratch);
        Leave();
    }

    public override void NormalizePanel(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes)
    {
        Enter();
        Interlocked.Add(ref _normalized, rows * (end - begin));
        inner.NormalizePanel(norm, statistics, values, stride, rows, begin, end, codes);
        Leave();
    }

    public override RowSums Embedding(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination)
    {
        Enter();
        Interlocked.Increment(ref _embedded);
        var sums = inner.Embedding(word, position, type, hidden, gridScale, destination);
        Leave();
        return sums;
    }

    public override void Quantize(float* values, int count, Codes destination)
    {
        Enter();
        inner.Quantize(values, count, destination);
        Leave();
    }

    private static int Area(WorkRange range) => (range.RowEnd - range.RowBegin) * (range.BlockEnd - range.BlockBegin);

    private void Enter()
    {
        Threads[Thread.CurrentThread] = true;
        each?.Invoke();
        var running = Interlocked.Increment(ref _running);
        int most;
        while (running > (most = _mostAtOnce)) Interlocked.CompareExchange(ref _mostAtOnce, running, most);
    }

    private void Leave() => Interlocked.Decrement(ref _running);
}
