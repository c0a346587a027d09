using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>All memory of one call: activations and per-worker scratch. Pooled; grows to the largest batch seen.</summary>
internal sealed unsafe class RunBuffers
{
    private readonly CpuModel _model;
    private readonly int _maxCodeBytes;
    private AlignedBuffer _memory = new(0);
    private int _tokens;
    private int _sequences;

    public RunBuffers(CpuModel model, int workers)
    {
        _model = model;
        _maxCodeBytes = model.Layers.Any(l => l.Output.Width == CodeWidth.Int16) ? sizeof(short) : sizeof(sbyte);
        Scratch = [.. Enumerable.Range(0, workers).Select(_ => new WorkerScratch())];
    }

    /// <summary>Working memory of each worker.</summary>
    public WorkerScratch[] Scratch { get; }

    /// <summary>h, the residual stream, [T, H].</summary>
    public float* Hidden { get; private set; }

    /// <summary>r, a sum on its way into a LayerNorm, [T, H].</summary>
    public float* Sum { get; private set; }

    /// <summary>Input codes of query, key and value in at most three different quantizers, each [T, H] of either width.</summary>
    public nint[] InputCodes { get; } = new nint[3];

    /// <summary>Query codes, [T, H].</summary>
    public sbyte* Query { get; private set; }

    /// <summary>Key codes, [T, H].</summary>
    public sbyte* Key { get; private set; }

    /// <summary>Value codes, [T, H].</summary>
    public sbyte* Value { get; private set; }

    /// <summary>Context codes of either width, [T, H].</summary>
    public void* Context { get; private set; }

    /// <summary>FFN codes of either width, [T, F].</summary>
    public void* Up { get; private set; }

    /// <summary>Codes of each first token, of either width, [B, H].</summary>
    public void* First { get; private set; }

    /// <summary>Pooler output codes, [B, H].</summary>
    public short* Pooled { get; private set; }

    /// <summary>Logits, [B, C].</summary>
    public float* Logits { get; private set; }

    /// <summary>Makes room for a batch. Allocates only when it is larger than every batch before.</summary>
    public void Reserve(int tokens, int sequences)
    {
        if (tokens <= _tokens && sequences <= _sequences) return;
        _tokens = Math.Max(tokens, _tokens);
        _sequences = Math.Max(sequences, _sequences);
        _memory = new AlignedBuffer(Lay(null));
        Lay(_memory.Pointer);
    }

    // Assigns every address from `start` on; returns the bytes used.
    private long Lay(byte* start)
    {
        var a = _model.Architecture;
        long th = (long)_tokens * a.Hidden, bh = (long)_sequences * a.Hidden;
        var next = start;
        byte* Take(long bytes)
        {
            var address = next;
            next += AlignedBuffer.Size<byte>(bytes);
            return address;
        }

        Hidden = (float*)Take(th * sizeof(float));
        Sum = (float*)Take(th * sizeof(float));
        for (var i = 0; i < InputCodes.Length; i++) InputCodes[i] = (nint)Take(th * sizeof(short));
        Query = (sbyte*)Take(th);
        Key = (sbyte*)Take(th);
        Value = (sbyte*)Take(th);
        Context = Take(th * sizeof(short));
        Up = Take((long)_tokens * a.Intermediate * _maxCodeBytes);
        First = Take(bh * sizeof(short));
        Pooled = (short*)Take(bh * sizeof(short));
        Logits = (float*)Take((long)_sequences * a.Classes * sizeof(float));
        return next - start;
    }
}
