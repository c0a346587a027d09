using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>The one-pass epilogue of a tile against the contract's scalar functions, its operands against forbidden pages.</summary>
public sealed unsafe class EpilogueKernelTests
{
    private const int BlockColumns = PackedLinear.BlockColumns;
    private const byte Untouched = 0x55;
    private static readonly int[] Special = [0, 1, -1, int.MaxValue, int.MinValue, 16_777_217, -16_777_219, 133_000 * 127 * 127];

    [Fact]
    public void Every_number_of_rows_and_columns_is_exact()
    {
        foreach (var kind in Enum.GetValues<EpilogueKind>())
            for (var rows = 0; rows <= 13; rows++)
                for (var columns = 1; columns <= 9 * BlockColumns; columns += columns <= BlockColumns || rows == 5 ? 1 : 15) Check(kind, rows, columns, 1e-5f);
    }

    [Fact]
    public void Values_of_every_magnitude_are_exact()
    {
        foreach (var kind in Enum.GetValues<EpilogueKind>())
            foreach (var multiplier in new[] { 0f, 1e-30f, 1e-9f, 1e-3f, 1f, 1e20f })
                foreach (var columns in new[] { 5, BlockColumns, 4 * BlockColumns }) Check(kind, 255, columns, multiplier);
    }

    private static void Check(EpilogueKind kind, int rows, int columns, float multiplier)
    {
        KernelSets.Require(KernelSet.Avx2);
        // Row-major: anywhere. In panels: whole blocks from the left.
        Check(kind, rows, columns, multiplier, PanelLayout.RowMajor(columns + 3), row: 0, column: 0, MemoryEdge.Start);
        Check(kind, rows, columns, multiplier, PanelLayout.RowMajor(columns + 3), row: 2, column: 3, MemoryEdge.End);
        Check(kind, rows, columns, multiplier, PanelLayout.Panels(rows + 2), row: 2, column: BlockColumns, MemoryEdge.End);
        Check(kind, rows, columns, multiplier, PanelLayout.Panels(rows + 2, BlockColumns), row: 0, column: 2 * BlockColumns, MemoryEdge.End);
    }

    // Nothing around the rectangle may change.
    private static void Check(EpilogueKind kind, int rows, int columns, float multiplier, PanelLayout layout, int row, int column, MemoryEdge edge)
    {
        var blocks = PackedLinear.BlocksOf(columns);
        var random = new Random(rows * BlockColumns + columns);
        var sums = Enumerable.Range(0, blocks * rows * BlockColumns).Select(_ => random.Next(4) == 0 ? Special[random.Next(Special.Length)] : random.Next(-400_000, 400_000)).ToArray();
        var multipliers = Enumerable.Range(0, blocks * BlockColumns).Select(_ => multiplier * (0.5f + random.NextSingle())).ToArray();
        var bias = Enumerable.Range(0, blocks * BlockColumns).Select(_ => random.NextSingle() - 0.5f).ToArray();
        var count = PanelMatrix.Extent(rows + row, columns + column, layout);
        using BoundedMemory sumsMemory = BoundedMemory.Of<int>(sums, edge), multipliersMemory = BoundedMemory.Of<float>(multipliers, edge), biasMemory = BoundedMemory.Of<float>(bias, edge);
        using var residual = BoundedMemory.Of<float>(Enumerable.Range(0, count).Select(_ => random.NextSingle()).ToArray(), edge);
        using BoundedMemory actual = Destination(), expected = Destination();
        BoundedMemory Destination() => new((long)count * EpilogueReference.Bytes(kind), Untouched, edge);

        var inside = new bool[count];
        var offset = (byte)(rows % 2 * 128);
        var output = EpilogueReference.Output(kind, expected.Pointer, (float*)residual.Pointer, layout, offset);
        for (var i = 0; i < rows * columns; i++)
        {
            int r = i / columns, n = i % columns;
            var index = layout.IndexOf(row + r, column + n);
            inside[index] = true;
            EpilogueReference.Store(output, index, IntegerGemm.Epilogue(sums[(n / BlockColumns * rows + r) * BlockColumns + n % BlockColumns], multipliers[n], bias[n]));
        }

        var expectedSums = EpilogueReference.SumsAfter(row + rows, Enumerable.Range(0, kind == EpilogueKind.AddResidual ? rows * columns : 0)
            .Select(i => (row + i / columns, ((int*)expected.Pointer)[layout.IndexOf(row + i / columns, column + i % columns)])));
        Run(actual.Pointer);
        var message = $"{kind} [{rows}, {columns}] m={multiplier} {edge} panels of {layout.Width}";
        TensorAssert.BitEqual(expected.ToArray<byte>(), actual.ToArray<byte>(), layout.Width * EpilogueReference.Bytes(kind), message);
        if (kind != EpilogueKind.AddResidual) return;

        // A residual sum in place. What is around the rectangle stays what it was: the residual.
        var (before, after) = (residual.ToArray<int>(), expected.ToArray<int>());
        Run(residual.Pointer);
        for (var i = 0; i < count; i++)
            if (!inside[i]) after[i] = before[i];
        TensorAssert.BitEqual(after, residual.ToArray<int>(), layout.Width, $"in place {message}");

        void Run(void* destination)
        {
            using var rowSums = BoundedMemory.Of<RowSums>([.. Enumerable.Range(0, row + rows).Select(EpilogueReference.SumsBefore)], edge);
            var output = EpilogueReference.Output(kind, destination, (float*)residual.Pointer, layout, offset) with { Sums = (RowSums*)rowSums.Pointer };
            Epilogue.Avx512(output, (int*)sumsMemory.Pointer, rows, (float*)multipliersMemory.Pointer, (float*)biasMemory.Pointer, row, column, columns);
            Assert.Equal(expectedSums, rowSums.ToArray<RowSums>());
        }
    }
}
