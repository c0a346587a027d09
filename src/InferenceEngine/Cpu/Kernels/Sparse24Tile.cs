using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The loop of every 2:4 tile, up to 5 × 16: per step 8 codes of each row, of which each column picks its own 4.</summary>
/// <remarks><para>Columns: for each step 16 columns × 4 bytes of kept weights and 16 columns × 4 byte indices. One step repeats
/// what the tier packed for a row's 8 codes through a register and shuffles it:</para>
/// <code>x           [r0 .. r7 ...| r0 .. r7 ... | ...]
/// i0          [4 indices of column 0 | column 1 | ...]
/// shuffled x  [4 bytes for column 0  | column 1 | ...]   vpshufb: indices count within a 128-bit lane
/// c.0, c.1    one int32 accumulator per column, 16 columns in two registers</code>
/// <para>A dense tile needs two multiplies for the same 8 codes; the shuffle that replaces the second one runs on another
/// port. Sixteen registers at 5 rows: 10 accumulators, 2 weights, 2 indices, 1 row, 1 product.</para></remarks>
internal static unsafe class Sparse24Tile
{
    /// <summary>Codes of K per step.</summary>
    public const int StepDepth = 8;

    /// <summary>Bytes of a block per code of K.</summary>
    public const int DepthBytes = StepBytes / StepDepth;

    /// <summary>Bytes of a block per step: weights, then indices.</summary>
    public const int StepBytes = 128;

    /// <summary>Where the indices of a step begin.</summary>
    public const int IndexOffset = 64;

    /// <summary><c>c[rows, 16] = start + Σ over steps</c>; see <see cref="ITile.Multiply"/>.</summary>
    public static void Multiply<TOperation>(int rows, TileOperands* operands)
        where TOperation : struct, ISparse24Operation
    {
        var steps = operands->Depth / StepDepth;
        for (; operands->Tiles > 0; operands->NextTile(rows))
        {
            operands->FetchAll();
            switch (rows)
            {
                case 1: Tile<Rows1, TOperation>(steps, operands); break;
                case 2: Tile<Rows2, TOperation>(steps, operands); break;
                case 3: Tile<Rows3, TOperation>(steps, operands); break;
                case 4: Tile<Rows4, TOperation>(steps, operands); break;
                default: Tile<Rows5, TOperation>(steps, operands); break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TRows, TOperation>(nint steps, TileOperands* operands)
        where TRows : struct, IRowCount
        where TOperation : struct, ISparse24Operation
    {
        byte* a = operands->A, b = operands->Columns;
        int* start = operands->Start, c = operands->C;
        nint rowBytes = operands->RowBytes, startStride = operands->StartStride, stride = operands->Stride;
        Vector256<int> c00, c01, c10, c11, c20, c21, c30, c31, c40, c41;
        c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = Vector256<int>.Zero;
        TileRow.Load(start, out c00, out c01);
        if (TRows.Count > 1) TileRow.Load(start + startStride, out c10, out c11);
        if (TRows.Count > 2) TileRow.Load(start + 2 * startStride, out c20, out c21);
        if (TRows.Count > 3) TileRow.Load(start + 3 * startStride, out c30, out c31);
        if (TRows.Count > 4) TileRow.Load(start + 4 * startStride, out c40, out c41);
        for (var end = b + steps * StepBytes; b < end; b += StepBytes, a += StepDepth * TOperation.RowCodeBytes)
        {
            var w0 = Avx.LoadVector256(b);
            var w1 = Avx.LoadVector256(b + 32);
            var i0 = Avx.LoadVector256(b + IndexOffset);
            var i1 = Avx.LoadVector256(b + IndexOffset + 32);
            Accumulate<TOperation>(ref c00, ref c01, a, w0, w1, i0, i1);
            if (TRows.Count > 1) Accumulate<TOperation>(ref c10, ref c11, a + rowBytes, w0, w1, i0, i1);
            if (TRows.Count > 2) Accumulate<TOperation>(ref c20, ref c21, a + 2 * rowBytes, w0, w1, i0, i1);
            if (TRows.Count > 3) Accumulate<TOperation>(ref c30, ref c31, a + 3 * rowBytes, w0, w1, i0, i1);
            if (TRows.Count > 4) Accumulate<TOperation>(ref c40, ref c41, a + 4 * rowBytes, w0, w1, i0, i1);
        }

        TileRow.Store(c, c00, c01);
        if (TRows.Count > 1) TileRow.Store(c + stride, c10, c11);
        if (TRows.Count > 2) TileRow.Store(c + 2 * stride, c20, c21);
        if (TRows.Count > 3) TileRow.Store(c + 3 * stride, c30, c31);
        if (TRows.Count > 4) TileRow.Store(c + 4 * stride, c40, c41);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<TOperation>(
        ref Vector256<int> low, ref Vector256<int> high, byte* a, Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> i0, Vector256<byte> i1)
        where TOperation : struct, ISparse24Operation
    {
        var x = TOperation.Repeat(a);
        low = TOperation.Accumulate(low, Avx2.Shuffle(x, i0), w0);
        high = TOperation.Accumulate(high, Avx2.Shuffle(x, i1), w1);
    }
}
