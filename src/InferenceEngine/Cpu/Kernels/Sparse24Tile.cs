using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The loop of every 2:4 tile, 5 × 16: per step 8 bytes of each row, of which each column picks its own 4.</summary>
/// <remarks><para>Block: 16 int32 start values, then for each step 16 columns × 4 bytes of kept weights and 16 columns × 4 byte
/// indices. One step broadcasts a row's 8 bytes to every 64 bits and shuffles them:</para>
/// <code>x           [r0 .. r7 | r0 .. r7 | ...]            the same in all four 64-bit lanes
/// i0          [4 indices of column 0 | column 1 | ...]
/// shuffled x  [4 bytes for column 0  | column 1 | ...]   vpshufb; both 64-bit halves of its 128-bit lane are equal
/// c.0, c.1    one int32 accumulator per column, 16 columns in two registers</code>
/// <para>A dense tile needs two multiplies for the same 8 bytes; the shuffle that replaces the second one runs on another
/// port. Sixteen registers: 10 accumulators, 2 weights, 2 indices, 1 row, 1 product.</para></remarks>
internal static unsafe class Sparse24Tile
{
    /// <summary>Bytes of the start values.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Bytes of a block per step: weights, then indices.</summary>
    public const int StepBytes = 128;

    /// <summary>Where the indices of a step begin.</summary>
    public const int IndexOffset = 64;

    /// <summary>Most rows.</summary>
    public const int MaxRows = 5;

    /// <summary><c>c[rows, 16] = start + Σ over steps</c>.</summary>
    public static void Multiply<TOperation>(int rows, byte* a, nint rowBytes, byte* block, int steps, int* c, int stride)
        where TOperation : struct, ITileOperation
    {
        switch (rows)
        {
            case 1: Tile<Rows1, TOperation>(a, rowBytes, block, steps, c, stride); break;
            case 2: Tile<Rows2, TOperation>(a, rowBytes, block, steps, c, stride); break;
            case 3: Tile<Rows3, TOperation>(a, rowBytes, block, steps, c, stride); break;
            case 4: Tile<Rows4, TOperation>(a, rowBytes, block, steps, c, stride); break;
            default: Tile<Rows5, TOperation>(a, rowBytes, block, steps, c, stride); break;
        }
    }

    private static void Tile<TRows, TOperation>(byte* a, nint rowBytes, byte* block, int steps, int* c, nint stride)
        where TRows : struct, IRowCount
        where TOperation : struct, ITileOperation
    {
        var start = Avx.LoadVector256((int*)block);
        var startHigh = Avx.LoadVector256((int*)block + 8);
        Vector256<int> c00 = start, c01 = startHigh, c10 = start, c11 = startHigh, c20 = start, c21 = startHigh;
        Vector256<int> c30 = start, c31 = startHigh, c40 = start, c41 = startHigh;
        var b = block + HeaderBytes;
        var a3 = a + 3 * rowBytes;
        for (; steps > 0; steps--)
        {
            var w0 = Avx.LoadVector256(b);
            var w1 = Avx.LoadVector256(b + 32);
            var i0 = Avx.LoadVector256(b + 64);
            var i1 = Avx.LoadVector256(b + 96);
            b += StepBytes;
            var x = Vector256.Create(*(long*)a).AsByte();
            c00 = TOperation.Accumulate(c00, Avx2.Shuffle(x, i0), w0);
            c01 = TOperation.Accumulate(c01, Avx2.Shuffle(x, i1), w1);
            if (TRows.Count > 1)
            {
                x = Vector256.Create(*(long*)(a + rowBytes)).AsByte();
                c10 = TOperation.Accumulate(c10, Avx2.Shuffle(x, i0), w0);
                c11 = TOperation.Accumulate(c11, Avx2.Shuffle(x, i1), w1);
            }

            if (TRows.Count > 2)
            {
                x = Vector256.Create(*(long*)(a + 2 * rowBytes)).AsByte();
                c20 = TOperation.Accumulate(c20, Avx2.Shuffle(x, i0), w0);
                c21 = TOperation.Accumulate(c21, Avx2.Shuffle(x, i1), w1);
            }

            if (TRows.Count > 3)
            {
                x = Vector256.Create(*(long*)a3).AsByte();
                c30 = TOperation.Accumulate(c30, Avx2.Shuffle(x, i0), w0);
                c31 = TOperation.Accumulate(c31, Avx2.Shuffle(x, i1), w1);
            }

            if (TRows.Count > 4)
            {
                x = Vector256.Create(*(long*)(a3 + rowBytes)).AsByte();
                c40 = TOperation.Accumulate(c40, Avx2.Shuffle(x, i0), w0);
                c41 = TOperation.Accumulate(c41, Avx2.Shuffle(x, i1), w1);
            }

            a += sizeof(long);
            a3 += sizeof(long);
        }

        TileStore.Row(c, c00, c01);
        if (TRows.Count > 1) TileStore.Row(c + stride, c10, c11);
        if (TRows.Count > 2) TileStore.Row(c + 2 * stride, c20, c21);
        if (TRows.Count > 3) TileStore.Row(c + 3 * stride, c30, c31);
        if (TRows.Count > 4) TileStore.Row(c + 4 * stride, c40, c41);
    }
}
