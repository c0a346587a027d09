namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Operands of <c>c[rows, 16 · blocks] = start + a[rows, depth] · columns[depth, 16 · blocks]</c>; see <see cref="ITile.Multiply"/>.</summary>
/// <remarks>Machine code reads it: eight bytes a field, in this order (<see cref="TileProgram"/>).</remarks>
internal unsafe struct TileOperands
{
    /// <summary>Packed rows, from the first code of the stretch on.</summary>
    public byte* A;

    /// <summary>Bytes from one packed row to the next.</summary>
    public nint RowBytes;

    /// <summary>The stretch of an expanded block, after its header.</summary>
    public byte* Columns;

    /// <summary>Bytes from there to the next block's.</summary>
    public nint NextColumns;

    /// <summary>Length of the stretch in codes, a positive multiple of <see cref="ITile.StepDepth"/>.</summary>
    public nint Depth;

    /// <summary>Start values; may be the result.</summary>
    public int* Start;

    /// <summary>Values from one row of them to the next; 0 when all rows start alike.</summary>
    public nint StartStride;

    /// <summary>Values from one block of them to the next.</summary>
    public nint NextStart;

    /// <summary>Result.</summary>
    public int* C;

    /// <summary>Values from one row of the result to the next.</summary>
    public nint Stride;

    /// <summary>Values from one block of the result to the next.</summary>
    public nint NextC;

    /// <summary>Room for the caller's registers: 2 general ones and 10 vectors.</summary>
    public fixed long Saved[22];
}
