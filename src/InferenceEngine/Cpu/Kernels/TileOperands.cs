using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Operands of <c>c[rows, 16 · blocks] = start + a[rows, depth] · columns[depth, 16 · blocks]</c>, of a tile or of several, one below another; see
/// <see cref="ITile.Multiply"/>.</summary>
/// <remarks>Machine code reads it: eight bytes a field, in this order (<see cref="TileProgram"/>). Afterwards <see cref="A"/>, <see cref="Start"/>, <see cref="C"/>,
/// <see cref="Fetch"/> and <see cref="Claim"/> are where the next tile's are, and no <see cref="Tiles"/> are left.</remarks>
internal unsafe struct TileOperands
{
    /// <summary>Rows, from the first code of the stretch on; see <see cref="TileRows"/>.</summary>
    public byte* A;

    /// <summary>Bytes from one row to the next.</summary>
    public nint RowBytes;

    /// <summary>Bytes of a row, from <see cref="A"/> on, that lie in the first panel: a multiple of 8, and no less than it takes when there is only one. Panels are
    /// for the 512-bit tiles, as are claims; packed rows lie in a single one.</summary>
    public nint FirstPanelBytes;

    /// <summary>Bytes of a row in every other panel; the last may be shorter.</summary>
    public nint PanelBytes;

    /// <summary>Bytes from the end of a row in one panel to its beginning in the next.</summary>
    public nint NextPanel;

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

    /// <summary>Memory that will be wanted next, to be brought nearer meanwhile; where there is none, an address that is in use anyway.</summary>
    public byte* Fetch;

    /// <summary>How much of it, each tile: bytes for each <see cref="FetchDepth"/> codes of <see cref="Depth"/>, of which the last may be fewer.</summary>
    public nint FetchBytes;

    /// <summary>Memory that will be written soon: its cache lines are claimed meanwhile. Where there is none, an address that is written anyway.</summary>
    public byte* Claim;

    /// <summary>How much of it, as <see cref="FetchBytes"/>.</summary>
    public nint ClaimBytes;

    /// <summary>How many tiles, at least 1.</summary>
    public nint Tiles;

    /// <summary>Room for the caller's registers: 5 general ones and 10 vectors.</summary>
    public fixed long Saved[25];

    /// <summary>See <see cref="FetchBytes"/>.</summary>
    public const int FetchDepth = 8;

    /// <summary>Bytes that a fetch or a claim concerns.</summary>
    public const int CacheLine = 64;

    /// <summary>Parts in which the tile fetches.</summary>
    public readonly nint FetchSteps => (Depth + FetchDepth - 1) / FetchDepth;

    /// <summary>Goes on to the next tile, for tiles that are not machine code.</summary>
    /// <param name="rows">Of a tile.</param>
    public void NextTile(int rows)
    {
        A += rows * RowBytes;
        Start += rows * StartStride;
        C += rows * Stride;
        Fetch += FetchSteps * FetchBytes;
        Claim += FetchSteps * ClaimBytes;
        Tiles--;
    }

    /// <summary>Fetches everything for a tile at once, for tiles that do not do it on the way.</summary>
    public readonly void FetchAll()
    {
        var bytes = FetchSteps * FetchBytes;
        for (nint i = 0; i < bytes; i += CacheLine) Sse.Prefetch1(Fetch + i);
    }
}
