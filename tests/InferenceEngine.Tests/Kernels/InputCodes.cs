using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Codes as the products of a kernel set read them, in memory that ends where they may end.</summary>
internal static class InputCodes
{
    // What follows a row: it must not matter.
    private const sbyte Fill = -77;

    /// <summary>A single panel; of whole blocks where the tiles read codes in place.</summary>
    public static PanelLayout Rows(CpuKernels kernels, int columns) => ReadsInPlace(kernels) ? PanelLayout.PaddedRows(columns) : PanelLayout.RowMajor(columns);

    /// <summary>A row-major matrix of codes in panels.</summary>
    public static BoundedMemory Memory(CpuKernels kernels, int[] rowMajor, int columns, PanelLayout layout, CodeWidth width, MemoryEdge edge = MemoryEdge.End)
    {
        if (width == CodeWidth.Int16) return BoundedMemory.Of<short>(Array.ConvertAll(PanelMatrix.Of(rowMajor, columns, layout, Fill), c => (short)c), edge);
        var codes = PanelMatrix.Of(Array.ConvertAll(rowMajor, c => (sbyte)(c + kernels.CodeOffset)), columns, layout, Fill);
        // Then rows are readable to the end of their panel.
        var beyond = rowMajor.Length == 0 || !ReadsInPlace(kernels) ? 0 : (layout.Width - columns % layout.Width) % layout.Width;
        return BoundedMemory.Of<sbyte>([.. codes, .. Enumerable.Repeat(Fill, beyond)], edge);
    }

    // Tiles that do so need no room for rows; those of the other tiers pack them.
    private static bool ReadsInPlace(CpuKernels kernels) => kernels switch
    {
        Avx512VnniKernels<EmulatedTileCode> => DenseByteTile<DenseProductAvx512Vnni<EmulatedTileCode>>.RoomForRows(1, 1) == 0,
        Avx512VnniKernels<NativeTileCode> => DenseByteTile<DenseProductAvx512Vnni<NativeTileCode>>.RoomForRows(1, 1) == 0,
        _ => false,
    };
}
