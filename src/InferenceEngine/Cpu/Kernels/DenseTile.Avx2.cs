using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile on AVX2: codes widened to int16, two of them per step (<see cref="WideMultiplyAdd"/>).</summary>
/// <remarks>Block: 16 int32 zeros, then for each pair of k: 16 columns × 2 int16.</remarks>
internal readonly unsafe struct DenseTileAvx2 : IDenseTile
{
    public static int MaxRows => DenseTile.MaxRows;

    public static int RowBytes(int k) => WideRows.RowBytes(k);

    public static long BlockBytes(int k) => DenseTile.HeaderBytes + (k + 1L) / 2 * DenseTile.StepBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => WideRows.Pack(source, k, destination);

    public static void PackUnsignedRow(byte* source, int k, byte* destination) => WideRows.Pack(source, k, destination);

    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        new Span<byte>(block, (int)BlockBytes(k)).Clear();
        for (var n = 0; n < columns; n++)
        {
            var column = source + n * stride;
            var destination = (int*)(block + DenseTile.HeaderBytes) + n;
            var i = 0;
            for (; i + 2 <= k; i += 2, destination += 16) *destination = (column[i] & 0xffff) + (column[i + 1] << 16);
            if (i < k) *destination = (ushort)column[i];
        }
    }

    public static void PackRows(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        if (columns < PackedLinear.BlockColumns)
        {
            new Span<byte>(block, (int)BlockBytes(k)).Clear();
            for (var i = 0; i < k; i++)
                for (var n = 0; n < columns; n++) ((short*)(block + DenseTile.HeaderBytes))[i / 2 * 32 + 2 * n + (i & 1)] = source[i * stride + n];
            return;
        }

        new Span<byte>(block, DenseTile.HeaderBytes).Clear();
        var destination = (short*)(block + DenseTile.HeaderBytes);
        for (var i = 0; i < k; i += 2, destination += 32)
        {
            // Interleave two rows of 16: per 128-bit lane, then lanes [0 of low, 0 of high], [1 of low, 1 of high].
            var even = Avx2.ConvertToVector256Int16(source + i * stride);
            var odd = i + 1 < k ? Avx2.ConvertToVector256Int16(source + (i + 1) * stride) : Vector256<short>.Zero;
            var low = Avx2.UnpackLow(even, odd);
            var high = Avx2.UnpackHigh(even, odd);
            Avx2.Permute2x128(low, high, 0x20).Store(destination);
            Avx2.Permute2x128(low, high, 0x31).Store(destination + 16);
        }
    }

    public static void Multiply(int rows, byte* a, byte* block, int k, int* c, int stride) =>
        DenseTile.Multiply<WideMultiplyAdd>(rows, a, RowBytes(k), block, (k + 1) / 2, c, stride);
}
