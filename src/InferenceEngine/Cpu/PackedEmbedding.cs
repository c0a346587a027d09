using System.Runtime.InteropServices;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>An embedding table whose rows have addresses: the graph's own array, pinned, because a copy of BERT-base's words would
/// take 94 MB.</summary>
internal sealed unsafe class PackedEmbedding
{
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

    public EmbeddingRow Row(int index) => _rowScale is null
        ? new EmbeddingRow((float*)_table + (nint)index * _columns)
        : new EmbeddingRow((sbyte*)_table + (nint)index * _columns, _rowScale[index]);
}
