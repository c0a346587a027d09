using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The loop of every dense tile, 6 × 16: per step 4 bytes of each row meet 4 bytes of each column.</summary>
/// <remarks><para>Block: 16 int32 start values, then for each step 16 columns × 4 bytes. One step broadcasts a row's 4 bytes:</para>
/// <code>x         [r0 r1 r2 r3 | r0 r1 r2 r3 | ...]     the same in all 8 lanes
/// b0, b1    [column 0    | column 1    | ...]     two registers, 16 columns
/// c.0, c.1  [column 0    | column 1    | ...]     one int32 accumulator per column</code>
/// <para>What a step adds is the operation's business. Sixteen registers: 12 accumulators, 2 weights, 1 row, 1 product.</para></remarks>
internal static unsafe class DenseTile
{
    /// <summary>Bytes of the start values.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Bytes of a block per step.</summary>
    public const int StepBytes = 64;

    /// <summary>Most rows.</summary>
    public const int MaxRows = 6;

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
            case 5: Tile<Rows5, TOperation>(a, rowBytes, block, steps, c, stride); break;
            default: Tile<Rows6, TOperation>(a, rowBytes, block, steps, c, stride); break;
        }
    }

    private static void Tile<TRows, TOperation>(byte* a, nint rowBytes, byte* block, int steps, int* c, nint stride)
        where TRows : struct, IRowCount
        where TOperation : struct, ITileOperation
    {
        var start = Avx.LoadVector256((int*)block);
        var startHigh = Avx.LoadVector256((int*)block + 8);
        Vector256<int> c00 = start, c01 = startHigh, c10 = start, c11 = startHigh, c20 = start, c21 = startHigh;
        Vector256<int> c30 = start, c31 = startHigh, c40 = start, c41 = startHigh, c50 = start, c51 = startHigh;
        var b = block + HeaderBytes;
        var a3 = a + 3 * rowBytes;
        for (; steps > 0; steps--)
        {
            var b0 = Avx.LoadVector256(b);
            var b1 = Avx.LoadVector256(b + 32);
            b += StepBytes;
            var x = Vector256.Create(*(int*)a).AsByte();
            c00 = TOperation.Accumulate(c00, x, b0);
            c01 = TOperation.Accumulate(c01, x, b1);
            if (TRows.Count > 1)
            {
                x = Vector256.Create(*(int*)(a + rowBytes)).AsByte();
                c10 = TOperation.Accumulate(c10, x, b0);
                c11 = TOperation.Accumulate(c11, x, b1);
            }

            if (TRows.Count > 2)
            {
                x = Vector256.Create(*(int*)(a + 2 * rowBytes)).AsByte();
                c20 = TOperation.Accumulate(c20, x, b0);
                c21 = TOperation.Accumulate(c21, x, b1);
            }

            if (TRows.Count > 3)
            {
                x = Vector256.Create(*(int*)a3).AsByte();
                c30 = TOperation.Accumulate(c30, x, b0);
                c31 = TOperation.Accumulate(c31, x, b1);
            }

            if (TRows.Count > 4)
            {
                x = Vector256.Create(*(int*)(a3 + rowBytes)).AsByte();
                c40 = TOperation.Accumulate(c40, x, b0);
                c41 = TOperation.Accumulate(c41, x, b1);
            }

            if (TRows.Count > 5)
            {
                x = Vector256.Create(*(int*)(a3 + 2 * rowBytes)).AsByte();
                c50 = TOperation.Accumulate(c50, x, b0);
                c51 = TOperation.Accumulate(c51, x, b1);
            }

            a += sizeof(int);
            a3 += sizeof(int);
        }

        TileStore.Row(c, c00, c01);
        if (TRows.Count > 1) TileStore.Row(c + stride, c10, c11);
        if (TRows.Count > 2) TileStore.Row(c + 2 * stride, c20, c21);
        if (TRows.Count > 3) TileStore.Row(c + 3 * stride, c30, c31);
        if (TRows.Count > 4) TileStore.Row(c + 4 * stride, c40, c41);
        if (TRows.Count > 5) TileStore.Row(c + 5 * stride, c50, c51);
    }
}
