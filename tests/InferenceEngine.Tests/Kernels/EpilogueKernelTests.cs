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
                for (var columns = 1; columns <= BlockColumns; columns++) Check(kind, rows, columns, 1e-5f);
    }

    [Fact]
    public void Values_of_every_magnitude_are_exact()
    {
        foreach (var kind in Enum.GetValues<EpilogueKind>())
            foreach (var multiplier in new[] { 0f, 1e-30f, 1e-9f, 1e-3f, 1f, 1e20f })
                foreach (var columns in new[] { 5, BlockColumns }) Check(kind, 255, columns, multiplier);
    }

    // The tile lies in the last corner of the destination, or in the first; nothing around it may change.
    private static void Check(EpilogueKind kind, int rows, int columns, float multiplier)
    {
        KernelSets.Require(KernelSet.Avx2);
        var random = new Random(rows * BlockColumns + columns);
        var sums = Enumerable.Range(0, rows * BlockColumns).Select(_ => random.Next(4) == 0 ? Special[random.Next(Special.Length)] : random.Next(-400_000, 400_000)).ToArray();
        var multipliers = Enumerable.Range(0, BlockColumns).Select(_ => multiplier * (0.5f + random.NextSingle())).ToArray();
        var bias = Enumerable.Range(0, BlockColumns).Select(_ => random.NextSingle() - 0.5f).ToArray();
        foreach (var edge in Enum.GetValues<MemoryEdge>())
        {
            var (row, column) = edge == MemoryEdge.End ? (2, 3) : (0, 0);
            var stride = columns + 3;
            var count = (rows + 2) * stride;
            using BoundedMemory sumsMemory = BoundedMemory.Of<int>(sums, edge), multipliersMemory = BoundedMemory.Of<float>(multipliers, edge), biasMemory = BoundedMemory.Of<float>(bias, edge);
            using var residual = BoundedMemory.Of<float>(Enumerable.Range(0, count).Select(_ => random.NextSingle()).ToArray(), edge);
            using BoundedMemory actual = Destination(), expected = Destination();
            BoundedMemory Destination() => new((long)count * EpilogueReference.Bytes(kind), Untouched, edge);

            var output = EpilogueReference.Output(kind, expected.Pointer, (float*)residual.Pointer, stride);
            for (var i = 0; i < rows * columns; i++)
            {
                int r = i / columns, n = i % columns;
                EpilogueReference.Store(output, (row + r) * stride + column + n, IntegerGemm.Epilogue(sums[r * BlockColumns + n], multipliers[n], bias[n]));
            }

            Run(actual.Pointer);
            TensorAssert.BitEqual(expected.ToArray<byte>(), actual.ToArray<byte>(), stride * EpilogueReference.Bytes(kind), $"{kind} [{rows}, {columns}] m={multiplier} {edge}");
            if (kind != EpilogueKind.AddResidual) continue;

            // A residual sum in place. What is around the tile stays what it was: the residual.
            var (before, after) = (residual.ToArray<int>(), expected.ToArray<int>());
            Run(residual.Pointer);
            for (var i = 0; i < count; i++)
            {
                int r = i / stride - row, n = i % stride - column;
                if (r < 0 || r >= rows || n < 0 || n >= columns) after[i] = before[i];
            }

            TensorAssert.BitEqual(after, residual.ToArray<int>(), stride, $"in place [{rows}, {columns}] m={multiplier} {edge}");

            void Run(void* destination) => Epilogue.Avx512(EpilogueReference.Output(kind, destination, (float*)residual.Pointer, stride),
                (int*)sumsMemory.Pointer, rows, (float*)multipliersMemory.Pointer, (float*)biasMemory.Pointer, row, column, columns);
        }
    }
}
