using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>An embedding table whose rows have addresses: the graph's own array, pinned, because a copy of BERT-base's words would
/// take 94 MB.</summary>
internal sealed unsafe class PackedEmbedding
{
    private const int CacheLine = 64;

    private readonly GCHandle _pin;
    private readonly nint _table;
    private readonly float[]? _rowScale;
    private readonly int _columns;

    public PackedEmbedding(EmbeddingTable table)
    {
        _columns = table.Columns;
        _rowScale = table.RowScale;
        _pin = GCHandle.Alloc(table.Values ?? (Array)table.Codes!, GCHandleType.Pinned);
        _table = _pin.AddrOfPinnedObject();
    }

    ~PackedEmbedding()
    {
        if (_pin.IsAllocated) _pin.Free(); // Not where the constructor failed.
    }

    /// <summary>Brings a row nearer, which will be wanted soon.</summary>
    public void Fetch(int index)
    {
        if (!Sse.IsSupported) return;
        nint bytes = _columns * (_rowScale is null ? sizeof(float) : sizeof(sbyte));
        var row = (byte*)_table + index * bytes;
        for (nint i = 0; i < bytes; i += CacheLine) Sse.Prefetch0(row + i);
    }

    public EmbeddingRow Row(int index) => _rowScale is null
        ? new EmbeddingRow((float*)_table + (nint)index * _columns)
        : new EmbeddingRow((sbyte*)_table + (nint)index * _columns, _rowScale[index]);
}
