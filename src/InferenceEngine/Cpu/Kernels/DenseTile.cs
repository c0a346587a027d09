using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The loop of every dense tile, 6 × 16: per step twice 4 bytes of each row meet 4 bytes of each column.</summary>
/// <remarks><para>Columns: for each half step 16 columns × 4 bytes. A half step broadcasts a row's 4 bytes:</para>
/// <code>x         [r0 r1 r2 r3 | r0 r1 r2 r3 | ...]     the same in all 8 lanes
/// b0, b1    [column 0    | column 1    | ...]     two registers, 16 columns
/// c.0, c.1  [column 0    | column 1    | ...]     one int32 accumulator per column</code>
/// <para>What a half step adds is the operation's business. Sixteen registers: 12 accumulators, 2 weights, 1 row, 1 product. Two
/// half steps per turn, because every instruction counts: the loop is bound by how many a clock takes in.</para></remarks>
internal static unsafe class DenseTile
{
    /// <summary>Bytes of a block per step.</summary>
    public const int StepBytes = 2 * HalfStepBytes;

    /// <summary>Bytes of a block per half step: 16 columns × 4.</summary>
    public const int HalfStepBytes = 64;

    /// <summary>Most rows.</summary>
    public const int MaxRows = 6;

    /// <summary><c>c[rows, 16] = start + Σ over steps</c>; see <see cref="ITile.Multiply"/>.</summary>
    public static void Multiply<TOperation>(int rows, nint steps, TileOperands* operands)
        where TOperation : struct, ITileOperation
    {
        for (; operands->Tiles > 0; operands->NextTile(rows))
        {
            operands->FetchAll();
            switch (rows)
            {
                case 1: Tile<Rows1, TOperation>(steps, operands); break;
                case 2: Tile<Rows2, TOperation>(steps, operands); break;
                case 3: Tile<Rows3, TOperation>(steps, operands); break;
                case 4: Tile<Rows4, TOperation>(steps, operands); break;
                case 5: Tile<Rows5, TOperation>(steps, operands); break;
                default: Tile<Rows6, TOperation>(steps, operands); break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TOperation>(nint steps, TileOperands* operands)
        where TRows : struct, IRowCount
        where TOperation : struct, ITileOperation
    {
        byte* a = operands->A, b = operands->Columns;
        int* start = operands->Start, c = operands->C;
        nint rowBytes = operands->RowBytes, startStride = operands->StartStride, stride = operands->Stride;
        Vector256<int> c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = Vector256<int>.Zero;
        TileRow.Load(start, out c00, out c01);
        if (TRows.Count > 1) TileRow.Load(start + startStride, out c10, out c11);
        if (TRows.Count > 2) TileRow.Load(start + 2 * startStride, out c20, out c21);
        if (TRows.Count > 3) TileRow.Load(start + 3 * startStride, out c30, out c31);
        if (TRows.Count > 4) TileRow.Load(start + 4 * startStride, out c40, out c41);
        if (TRows.Count > 5) TileRow.Load(start + 5 * startStride, out c50, out c51);
        var a3 = a + 3 * rowBytes;
        for (var end = b + steps * StepBytes; b < end; b += StepBytes, a += 2 * sizeof(int), a3 += 2 * sizeof(int))
        {
            var b0 = Avx.LoadVector256(b);
            var b1 = Avx.LoadVector256(b + 32);
            Accumulate<TOperation>(ref c00, ref c01, a, b0, b1);
            if (TRows.Count > 1) Accumulate<TOperation>(ref c10, ref c11, a + rowBytes, b0, b1);
            if (TRows.Count > 2) Accumulate<TOperation>(ref c20, ref c21, a + 2 * rowBytes, b0, b1);
            if (TRows.Count > 3) Accumulate<TOperation>(ref c30, ref c31, a3, b0, b1);
            if (TRows.Count > 4) Accumulate<TOperation>(ref c40, ref c41, a3 + rowBytes, b0, b1);
            if (TRows.Count > 5) Accumulate<TOperation>(ref c50, ref c51, a3 + 2 * rowBytes, b0, b1);
            b0 = Avx.LoadVector256(b + HalfStepBytes);
            b1 = Avx.LoadVector256(b + HalfStepBytes + 32);
            Accumulate<TOperation>(ref c00, ref c01, a + sizeof(int), b0, b1);
            if (TRows.Count > 1) Accumulate<TOperation>(ref c10, ref c11, a + rowBytes + sizeof(int), b0, b1);
            if (TRows.Count > 2) Accumulate<TOperation>(ref c20, ref c21, a + 2 * rowBytes + sizeof(int), b0, b1);
            if (TRows.Count > 3) Accumulate<TOperation>(ref c30, ref c31, a3 + sizeof(int), b0, b1);
            if (TRows.Count > 4) Accumulate<TOperation>(ref c40, ref c41, a3 + rowBytes + sizeof(int), b0, b1);
            if (TRows.Count > 5) Accumulate<TOperation>(ref c50, ref c51, a3 + 2 * rowBytes + sizeof(int), b0, b1);
        }

        TileRow.Store(c, c00, c01);
        if (TRows.Count > 1) TileRow.Store(c + stride, c10, c11);
        if (TRows.Count > 2) TileRow.Store(c + 2 * stride, c20, c21);
        if (TRows.Count > 3) TileRow.Store(c + 3 * stride, c30, c31);
        if (TRows.Count > 4) TileRow.Store(c + 4 * stride, c40, c41);
        if (TRows.Count > 5) TileRow.Store(c + 5 * stride, c50, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<TOperation>(ref Vector256<int> low, ref Vector256<int> high, byte* a, Vector256<byte> b0, Vector256<byte> b1)
        where TOperation : struct, ITileOperation
    {
        var x = Vector256.Create(*(int*)a).AsByte();
        low = TOperation.Accumulate(low, x, b0);
        high = TOperation.Accumulate(high, x, b1);
    }
}
