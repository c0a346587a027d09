using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>An embedding table whose rows have addresses.</summary>
internal sealed unsafe class PackedEmbedding
{
    private readonly AlignedBuffer _table;
    private readonly float[]? _rowScale;
    private readonly int _columns;

    public PackedEmbedding(EmbeddingTable table)
    {
        _columns = table.Columns;
        if (table.Values is not null)
        {
            _table = new AlignedBuffer(table.Values.LongLength * sizeof(float));
            table.Values.CopyTo(new Span<float>(_table.Pointer, table.Values.Length));
        }
        else
        {
            _table = new AlignedBuffer(table.Codes!.LongLength);
            table.Codes.CopyTo(new Span<sbyte>(_table.Pointer, table.Codes.Length));
            _rowScale = [.. table.RowScale!];
        }
    }

    public EmbeddingRow Row(int index) => _rowScale is null
        ? new EmbeddingRow((float*)_table.Pointer + (nint)index * _columns)
        : new EmbeddingRow((sbyte*)_table.Pointer + (nint)index * _columns, _rowScale[index]);
}
