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

    /// <summary>Where the elements of the residual stream and its codes lie, and those of the FFN.</summary>
    public PanelLayout Layout { get; private set; }

    /// <summary>Where the codes of query, key, value and context lie: each head's in one panel.</summary>
    public PanelLayout HeadLayout { get; private set; }

    /// <summary>Where the codes of first tokens and of the pooler lie.</summary>
    public PanelLayout RowLayout => PanelLayout.PaddedRows(_model.Architecture.Hidden);

    /// <summary>Working memory of each worker.</summary>
    public WorkerScratch[] Scratch { get; }

    /// <summary>The residual stream, [T, H]: h, between two LayerNorms.</summary>
    public float* Hidden { get; private set; }

    /// <summary>r_fix on its way into a LayerNorm, [T, H]: takes the place of <see cref="Hidden"/>.</summary>
    public int* FixedHidden => (int*)Hidden;

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

    /// <summary>Logits, row-major [B, C].</summary>
    public float* Logits { get; private set; }

    /// <summary>Makes room for a batch. Allocates only when it is larger than every batch before.</summary>
    public void Reserve(int tokens, int sequences)
    {
        var a = _model.Architecture;
        Layout = PanelLayout.Panels(tokens);
        HeadLayout = HasHeadPanels(a) ? PanelLayout.Panels(tokens, a.HeadDim) : RowLayout;
        if (tokens <= _tokens && sequences <= _sequences) return;
        _tokens = Math.Max(tokens, _tokens);
        _sequences = Math.Max(sequences, _sequences);
        _memory = new AlignedBuffer(Lay(null));
        Lay(_memory.Pointer);
    }

    // A block of 16 columns must not lie in two panels.
    private static bool HasHeadPanels(BertArchitecture a) => a.HeadDim % PackedLinear.BlockColumns == 0;

    // Assigns every address from `start` on; returns the bytes used.
    private long Lay(byte* start)
    {
        var a = _model.Architecture;
        long th = PanelLayout.Size(_tokens, a.Hidden), heads = PanelLayout.Size(_tokens, a.Hidden, HasHeadPanels(a) ? a.HeadDim : RowLayout.Width), bh = (long)_sequences * RowLayout.Width;
        var next = start;
        byte* Take(long bytes)
        {
            var address = next;
            next += AlignedBuffer.Size<byte>(bytes);
            return address;
        }

        Hidden = (float*)Take(th * sizeof(float));
        for (var i = 0; i < InputCodes.Length; i++) InputCodes[i] = (nint)Take(th * sizeof(short));
        Query = (sbyte*)Take(heads);
        Key = (sbyte*)Take(heads);
        Value = (sbyte*)Take(heads);
        Context = Take(heads * sizeof(short));
        Up = Take(PanelLayout.Size(_tokens, a.Intermediate) * _maxCodeBytes);
        First = Take(bh * sizeof(short));
        Pooled = (short*)Take(bh * sizeof(short));
        Logits = (float*)Take((long)_sequences * a.Classes * sizeof(float));
        return next - start;
    }
}
