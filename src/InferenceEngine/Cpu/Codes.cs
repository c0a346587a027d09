using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A matrix of codes of either width, with its quantizer.</summary>
/// <param name="pointer">sbyte or short elements.</param>
/// <param name="width">Which of the two.</param>
/// <param name="quantizer">Scale of the codes.</param>
/// <param name="layout">Where they lie.</param>
/// <param name="offset">See <see cref="Offset"/>.</param>
internal readonly unsafe struct Codes(nint pointer, CodeWidth width, QuantizationParameters quantizer, PanelLayout layout, byte offset = 0)
{
    public nint Pointer { get; } = pointer;

    public CodeWidth Width { get; } = width;

    public QuantizationParameters Quantizer { get; } = quantizer;

    public PanelLayout Layout { get; } = layout;

    /// <summary>int8 codes are stored as <c>code + Offset</c>, modulo 256: 0, or what the tiles of the tier want (<see cref="CpuKernels.CodeOffset"/>).</summary>
    public byte Offset { get; } = offset;

    public sbyte* Int8 => (sbyte*)Pointer;

    public short* Int16 => (short*)Pointer;

    /// <summary>Bytes of a code.</summary>
    public int CodeBytes => Width == CodeWidth.Int8 ? sizeof(sbyte) : sizeof(short);

    /// <summary>The same from element <paramref name="index"/> on.</summary>
    public Codes From(nint index) => new(Pointer + index * CodeBytes, Width, Quantizer, Layout, Offset);

    /// <summary>Some rows one after another, of codes without an offset.</summary>
    /// <param name="begin">First row.</param>
    /// <param name="end">One beyond the last row.</param>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="scratch">Receives them where they do not lie so already.</param>
    public byte* Rows(int begin, int end, int columns, WorkerScratch scratch)
    {
        if (Layout.Width == columns) return (byte*)Pointer + (nint)begin * columns * CodeBytes;
        var rows = scratch.Get((long)(end - begin) * columns * CodeBytes);
        for (var r = begin; r < end; r++) Layout.CopyRow((byte*)Pointer, r, rows, PanelLayout.RowMajor(columns), r - begin, columns, CodeBytes);
        return rows;
    }
}
