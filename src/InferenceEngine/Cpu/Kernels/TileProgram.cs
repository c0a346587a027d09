using System.Numerics;
using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Writes the machine code of the 512-bit tiles: <c>void tiles(TileOperands*)</c>.</summary>
/// <remarks><para>Rows and blocks are laid out as for the AVX-VNNI tiles; a block's 16 columns fill one register, and up to 12 × 2
/// registers are accumulators. Per 4 codes, dense: two registers of weights, and for each row one broadcast and two <c>vpdpbusd</c>.
/// Per 8 codes, 2:4: two of weights and two of indices, and for each row one broadcast, two <c>vpshufb</c> and two <c>vpdpbusd</c>.</para>
/// <para>The code calls nothing, leaves the stack pointer alone and keeps the caller's registers in the operands, so that one text serves
/// both calling conventions; they differ in the register of the argument and in xmm6 to xmm15, which Windows wants back.</para></remarks>
internal sealed class TileProgram
{
    // Volatile in both calling conventions, but for the last five.
    private const Gpr Operands = Gpr.R11, A0 = Gpr.Rax, A3 = Gpr.Rcx, A6 = Gpr.Rdx, A9 = Gpr.R8, RowBytes = Gpr.R9, Columns = Gpr.R10, Next = Gpr.Rbx, Steps = Gpr.Rbp, Fetch = Gpr.Rsi, PanelSteps = Gpr.Rdi, Claim = Gpr.R12;

    // Before and after the loop.
    private const Gpr Pointer = Gpr.Rax, Stride = Gpr.Rcx, NextBlock = Gpr.Rdx;

    private const int FirstSavedVector = 6, VolatileVectors = 22, VectorBytes = 64, RowsPerPointer = 3;

    // Those come first that need not be saved: 16 to 31 and 0 to 5.
    private static readonly int[] Registers = [.. Enumerable.Range(16, 16), .. Enumerable.Range(0, 16)];

    private static readonly Gpr[] RowPointers = [A0, A3, A6, A9], SavedRegisters = [Next, Steps, Fetch, PanelSteps, Claim];

    // As TileOperands declares them.
    private enum Field
    {
        A,
        RowBytes,
        FirstPanelBytes,
        PanelBytes,
        NextPanel,
        Columns,
        NextColumns,
        Depth,
        Start,
        StartStride,
        NextStart,
        C,
        Stride,
        NextC,
        Fetch,
        FetchBytes,
        Claim,
        ClaimBytes,
        Tiles,
        Saved,
    }

    private readonly CodeWriter _code = new();
    private readonly TileKernel _kernel;
    private readonly bool _windows;

    // Few accumulators wait for themselves: then the second half of a dense step has its own.
    private readonly int _chains;
    private readonly int[,,] _accumulators; // chain, row, block
    private readonly int[] _weights, _indices;
    private readonly int _activations, _picked;
    private readonly int _savedVectors;

    private TileProgram(TileKernel kernel, bool windows)
    {
        _kernel = kernel;
        _windows = windows;
        _chains = !kernel.IsSparse && kernel.Rows * kernel.Blocks <= 8 ? 2 : 1;
        var free = 0;
        int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Registers[free++])];
        _accumulators = new int[_chains, kernel.Rows, kernel.Blocks];
        for (var i = 0; i < _accumulators.Length; i++) _accumulators[i / (kernel.Rows * kernel.Blocks), i / kernel.Blocks % kernel.Rows, i % kernel.Blocks] = Registers[free++];
        _weights = Take(kernel.Blocks);
        _indices = Take(kernel.IsSparse ? kernel.Blocks : 0);
        _activations = Take(1)[0];
        _picked = kernel.IsSparse ? Take(1)[0] : _activations;
        _savedVectors = windows ? Math.Max(0, free - VolatileVectors) : 0;
    }

    /// <summary>The code of one tile.</summary>
    /// <param name="kernel">Which.</param>
    /// <param name="windows">Calling convention: of Windows, else of System V (everywhere else).</param>
    public static byte[] Write(TileKernel kernel, bool windows)
    {
        var program = new TileProgram(kernel, windows);
        program.Write();
        return program._code.ToArray();
    }

    private static Address Of(Field field) => new(Operands, (int)field * sizeof(long));

    private static Address Saved(int register) => new(Operands, ((int)Field.Saved + register) * sizeof(long));

    private static Address SavedVector(int i) => Saved(SavedRegisters.Length + 2 * i);

    private void Write()
    {
        _code.Move(Operands, _windows ? Gpr.Rcx : Gpr.Rdi);
        for (var i = 0; i < SavedRegisters.Length; i++) _code.Store(Saved(i), SavedRegisters[i]);
        for (var i = 0; i < _savedVectors; i++) _code.StoreLow(SavedVector(i), FirstSavedVector + i);

        _code.Load(Fetch, Of(Field.Fetch));
        _code.Load(Claim, Of(Field.Claim));

        // What stands between two tiles counts: in it the multipliers run dry.
        var tile = _code.Position;
        ForEachSum(Field.Start, Field.StartStride, Field.NextStart, (register, address) => _code.LoadVector(register, address));
        Tile();
        ForEachSum(Field.C, Field.Stride, Field.NextC, (register, address) => _code.StoreVector(address, register));
        _code.Decrement(Of(Field.Tiles));
        _code.JumpIfNotZero(tile);

        _code.Store(Of(Field.Fetch), Fetch);
        _code.Store(Of(Field.Claim), Claim);

        for (var i = 0; i < _savedVectors; i++) _code.LoadLow(FirstSavedVector + i, SavedVector(i));
        for (var i = 0; i < SavedRegisters.Length; i++) _code.Load(SavedRegisters[i], Saved(i));
        _code.ClearUpperHalves();
        _code.Return();
    }

    // Accumulators of the first chain and where they come from or go to; leaves where those of the next tile do.
    private void ForEachSum(Field pointer, Field stride, Field next, Action<int, Address> move)
    {
        _code.Load(Pointer, Of(pointer));
        _code.Load(Stride, Of(stride));
        if (_kernel.Blocks > 1) _code.Load(NextBlock, Of(next));
        for (var row = 0; row < _kernel.Rows; row++)
        {
            if (row > 0) _code.LoadAddress(Pointer, new Address(Pointer, 0, Stride, sizeof(int)));
            move(_accumulators[0, row, 0], new Address(Pointer));
            if (_kernel.Blocks > 1) move(_accumulators[0, row, 1], new Address(Pointer, 0, NextBlock, sizeof(int)));
        }

        _code.LoadAddress(Pointer, new Address(Pointer, 0, Stride, sizeof(int)));
        _code.Store(Of(pointer), Pointer);
    }

    private void Tile()
    {
        const int StepBytes = DenseTile.StepBytes, StepDepth = TileOperands.FetchDepth; // both tiles
        _code.Load(A0, Of(Field.A));
        _code.Load(RowBytes, Of(Field.RowBytes));
        _code.Load(Columns, Of(Field.Columns));
        _code.Load(Next, Of(Field.NextColumns));
        _code.Load(Steps, Of(Field.Depth));
        _code.ShiftRight(Steps, (byte)BitOperations.Log2(StepDepth));
        var pointers = (_kernel.Rows + RowsPerPointer - 1) / RowsPerPointer;
        for (var i = 1; i < pointers; i++)
        {
            _code.LoadAddress(RowPointers[i], new Address(RowPointers[i - 1], 0, RowBytes, 2));
            _code.Add(RowPointers[i], RowBytes);
        }

        // Of the next tile.
        var rowsOfLast = _kernel.Rows - (pointers - 1) * RowsPerPointer;
        _code.LoadAddress(PanelSteps, new Address(RowPointers[pointers - 1], 0, RowBytes, rowsOfLast == 1 ? 1 : 2));
        if (rowsOfLast == RowsPerPointer) _code.Add(PanelSteps, RowBytes);
        _code.Store(Of(Field.A), PanelSteps);

        for (var chain = 1; chain < _chains; chain++)
            foreach (var (row, block) in Sums()) _code.Clear(_accumulators[chain, row, block]);

        LoadPanelSteps(Field.FirstPanelBytes);
        var panel = _code.Position;
        // The last panel is as long as there are steps left.
        _code.Compare(Steps, PanelSteps);
        _code.MoveIfLess(PanelSteps, Steps);
        _code.Subtract(Steps, PanelSteps);

        // A little of what comes next in every step: a burst of fetches would fill the queue of cache misses and hold up everything.
        var top = _code.Position;
        for (var line = 0; line < _kernel.FetchLines; line++) _code.Prefetch(new Address(Fetch, line * TileOperands.CacheLine));
        _code.Add(Fetch, Of(Field.FetchBytes));
        _code.PrefetchForWriting(new Address(Claim));
        _code.Add(Claim, Of(Field.ClaimBytes));
        if (_kernel.IsSparse)
        {
            SparseStep();
        }
        else
        {
            DenseHalfStep(0);
            DenseHalfStep(1);
        }

        for (var i = 0; i < pointers; i++) _code.Add(RowPointers[i], StepDepth);
        _code.LoadAddress(Columns, new Address(Columns, StepBytes));
        _code.Decrement(PanelSteps);
        _code.JumpIfNotZero(top);

        for (var i = 0; i < pointers; i++) _code.Add(RowPointers[i], Of(Field.NextPanel));
        LoadPanelSteps(Field.PanelBytes);
        _code.Test(Steps);
        _code.JumpIfNotZero(panel);

        for (var chain = 1; chain < _chains; chain++)
            foreach (var (row, block) in Sums()) _code.AddInt32(_accumulators[0, row, block], _accumulators[0, row, block], _accumulators[chain, row, block]);
    }

    private void LoadPanelSteps(Field bytes)
    {
        _code.Load(PanelSteps, Of(bytes));
        _code.ShiftRight(PanelSteps, (byte)BitOperations.Log2(TileOperands.FetchDepth));
    }

    private void DenseHalfStep(int half)
    {
        for (var block = 0; block < _kernel.Blocks; block++) _code.LoadVector(_weights[block], OfBlock(block, half * VectorBytes));
        for (var row = 0; row < _kernel.Rows; row++)
        {
            _code.BroadcastInt32(_activations, OfRow(row, half * sizeof(int)));
            for (var block = 0; block < _kernel.Blocks; block++) _code.MultiplyAdd(_accumulators[half % _chains, row, block], _activations, _weights[block]);
        }
    }

    private void SparseStep()
    {
        for (var block = 0; block < _kernel.Blocks; block++)
        {
            _code.LoadVector(_weights[block], OfBlock(block, 0));
            _code.LoadVector(_indices[block], OfBlock(block, Sparse24Tile.IndexOffset));
        }

        for (var row = 0; row < _kernel.Rows; row++)
        {
            _code.BroadcastInt64(_activations, OfRow(row, 0));
            for (var block = 0; block < _kernel.Blocks; block++)
            {
                _code.ShuffleBytes(_picked, _activations, _indices[block]);
                _code.MultiplyAdd(_accumulators[0, row, block], _picked, _weights[block]);
            }
        }
    }

    private static Address OfBlock(int block, int bytes) => block == 0 ? new Address(Columns, bytes) : new Address(Columns, bytes, Next);

    private static Address OfRow(int row, int bytes)
    {
        var (pointer, beyond) = Math.DivRem(row, RowsPerPointer);
        return beyond == 0 ? new Address(RowPointers[pointer], bytes) : new Address(RowPointers[pointer], bytes, RowBytes, beyond);
    }

    private IEnumerable<(int Row, int Block)> Sums() =>
        from row in Enumerable.Range(0, _kernel.Rows) from block in Enumerable.Range(0, _kernel.Blocks) select (row, block);
}
